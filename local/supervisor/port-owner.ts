/** Which user listens on a port of this machine, as the kernel reports it. */
import { readFileSync } from 'node:fs';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTENING = '0A';

/**
 * The ID of another user who listens on the port, at any address: a connection to a more specific address that has no listener goes
 * there. Null: none, or the system has no such report (macOS).
 */
export function otherListener(port: number, tables: readonly string[] = TABLES): number | null {
  const own = process.getuid?.();
  if (own === undefined) return null;
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of tables.flatMap(linesOf)) {
    const [, local = '', , state, , , , uid] = line.trim().split(/\s+/);
    if (state === LISTENING && local.endsWith(suffix) && Number(uid) !== own) return Number(uid);
  }
  return null;
}

function linesOf(table: string): readonly string[] {
  try {
    return readFileSync(table, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
}
