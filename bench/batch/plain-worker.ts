/** A worker for the plain workflow, in a process of its own as the service's worker is. Arguments: address, queue. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address = '', taskQueue = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address });
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
