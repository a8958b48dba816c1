/** npm run bench:payloads: measures what encrypted payloads cost an import: processor time of worker and API, bytes of history. */
import { readFileSync } from 'node:fs';
import { Connection } from '@temporalio/client';
import { importWorkflowId } from '../../domain/ids.js';
import { type Service, startService } from '../../test/support/e2e/service.js';

const IMPORTS = Number(process.env.BENCH_IMPORTS ?? 30);
const TICKS_PER_SECOND = 100;

/** Of a process, in its own code and in the kernel; ms. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

const cpuOf = (service: Service) =>
  service.stack
    .parts()
    .filter(({ name, pid }) => (name === 'worker' || name === 'api') && pid !== null)
    .reduce((sum, { pid }) => sum + cpuMs(pid ?? 0), 0);

async function historyBytes(service: Service, id: string): Promise<number> {
  const connection = await Connection.connect(service.temporalConnection());
  const { workflowExecutionInfo } = await connection.workflowService.describeWorkflowExecution({
    ...{ namespace: 'default', execution: { workflowId: importWorkflowId(id) } },
  });
  await connection.close();
  return Number(workflowExecutionInfo?.historySizeBytes);
}

async function measure(encrypts: boolean): Promise<void> {
  const service = await startService({ encrypts });
  try {
    await service.settings({ importSeconds: 0.1, detectionSeconds: 0.1 });
    const runOne = async () => {
      const id = await service.start();
      await service.untilState(id, 'succeeded');
      return id;
    };
    for (let n = 0; n < 5; n++) await runOne();
    const before = cpuOf(service);
    let bytes = 0;
    for (let n = 0; n < IMPORTS; n++) bytes += await historyBytes(service, await runOne());
    const cpu = (cpuOf(service) - before) / IMPORTS;
    console.log(
      `${encrypts ? 'encrypted' : 'plain'}: ${cpu.toFixed(0)} ms of processor time and ${(bytes / IMPORTS).toFixed(0)} bytes of history an import`,
    );
  } finally {
    await service.stop();
  }
}

await measure(false);
await measure(true);
