/**
 * The program of the proxy in front of the embedded Temporal server, run by the supervisor in the folder of the server:
 * `check SERVER` and `inside NAMESPACE COMMAND…` in the network namespace, `outside PORT` on the loopback interface.
 */
import { checkInside } from './check.js';
import { runInside } from './inside.js';
import { runOutside } from './outside.js';

const [half, first = '', command, ...args] = process.argv.slice(2);
if (half === 'check') {
  await checkInside(first).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  });
} else if (half === 'inside' && command !== undefined) {
  process.exit(await runInside(first, [command, ...args]));
} else if (half === 'outside') {
  process.on('SIGTERM', () => process.exit(0));
  await runOutside(Number(first));
  process.stdout.write('ready temporal-proxy\n');
} else {
  process.stderr.write('usage: check SERVER | inside NAMESPACE COMMAND… | outside PORT\n');
  process.exit(2);
}
