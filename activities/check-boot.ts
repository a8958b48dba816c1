/** The boot check of an import, if the request enables it. The outcome is a finding; the log and the last screenshot are stored with the import. */
import type { Finding } from '../domain/import.js';
import type { BootCheck } from '../images/boot-check/boot-check.js';
import type { InspectedDisk } from '../images/verdict/disk-decision.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Step } from './step.js';

const LOG = 'boot-check.log';
const SCREEN = 'boot-check.png';

export async function checkBoot(
  deps: Pick<ActivityDependencies, 'checkBoot' | 'files'>,
  step: Step,
  { source, inspection }: InspectedDisk,
): Promise<Finding> {
  if (inspection === null) return NOT_HERE;
  const { signal } = step;
  const check = await source.inspect<BootCheck | null>(
    {
      async file(file) {
        step.log('boot check started');
        return await deps.checkBoot(file, inspection, { signal });
      },
      remote: async () => null,
    },
    signal,
  );
  if (check === null) return NOT_HERE;
  const kept = await keep(deps, step, check);
  const evidence = [check.finding.evidence, ...(kept.length === 0 ? [] : [`kept: ${kept.join(', ')}`])].join('; ');
  step.log('boot check ended', { outcome: check.outcome, seconds: check.seconds });
  return { ...check.finding, evidence, disk: 1 };
}

const NOT_HERE: Finding = {
  code: 'ECSIMPORT.BootCheck',
  severity: 'warning',
  message: 'The boot check did not run',
  evidence: 'the system disk is not on the worker’s host',
  remedy: 'Use an image on a worker’s host (file:///path), or remove inspection.bootCheck.',
  source: 'inspection',
  disk: 1,
};

async function keep(
  { files: store }: Pick<ActivityDependencies, 'files'>,
  step: Step,
  { log, screenshot }: BootCheck,
): Promise<string[]> {
  const made = [
    { name: LOG, contentType: 'text/plain; charset=utf-8', bytes: log },
    { name: SCREEN, contentType: 'image/png', bytes: screenshot },
  ];
  const kept: string[] = [];
  for (const { name, contentType, bytes } of made) {
    if (bytes === null || bytes.length === 0) continue;
    await store.keep(step, { name, contentType, bytes });
    kept.push(name);
  }
  return kept;
}
