/** What another account of this machine reaches on its ports. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { PartRecord } from '../../../local/supervisor/stack-file.js';
import { listeningPorts } from './listening-ports.js';

const PROGRAM = path.join(import.meta.dirname, 'parts', 'foreign-account.mjs');
const NOBODY = 65_534;

/**
 * Tries every port of the parts as Temporal, and as a page of a foreign site. Resolves to what answered, as `PART: what`. Without root,
 * the account is this one, without its certificate and keys.
 */
export async function reachedByAnotherAccount(parts: readonly PartRecord[]): Promise<readonly string[]> {
  const ports = listeningPorts(parts);
  const isRoot = process.getuid?.() === 0;
  const become = isRoot ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] : [];
  const numbers = ports.map(({ port }) => String(port));
  const [file = '', ...args] = [...become, process.execPath, PROGRAM, ...numbers];
  const { stdout } = await promisify(execFile)(file, args, { cwd: '/' });
  const { uid, answered }: { uid: number; answered: { port: number; what: string }[] } = JSON.parse(stdout);
  if (isRoot && uid !== NOBODY) throw new Error(`the program ran as ${uid}`);
  return answered.map(({ port, what }) => `${ports.find((one) => one.port === port)?.part}: ${what}`);
}
