/** The worker of the plain workflow, in a separate process like the service's worker. Argument: the task queue. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { workerConnectionOptions } from '../../config/temporal.js';
import { readTemporalSettings } from '../../config/temporal-environment.js';

const [taskQueue = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect(workerConnectionOptions(readTemporalSettings(process.env)));
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowsPath: new URL('./plain-workflow.ts', import.meta.url).pathname,
  activities: { nothing: async () => undefined },
});
const running = worker.run();
process.send?.('ready');
process.once('disconnect', () => worker.shutdown());
await running;
await connection.close();
