/** Free ports on the loopback address. */
import net from 'node:net';
import { StackError } from './stack-error.js';

/**
 * Below the ephemeral ports of Linux and macOS (32768 and up). While a part restarts, a client that keeps connecting to
 * its ephemeral port can get the same port as source port, and then connects to itself.
 */
const FIRST = 20_000;
const LAST = 31_999;

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Returns a function that picks free ports without repetition. It prefers the port of the last run. */
export function portPicker(): (previous?: number) => Promise<number> {
  const taken = new Set<number>();
  return async (previous) => {
    for (let attempt = 0; attempt < 1_000; attempt += 1) {
      const port =
        attempt === 0 && previous !== undefined && previous >= FIRST && previous <= LAST
          ? previous
          : FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
      if (!taken.has(port) && (await isFree(port))) {
        taken.add(port);
        return port;
      }
    }
    throw new StackError(`no free port between ${FIRST} and ${LAST} on 127.0.0.1: stop programs that use them`);
  };
}

/** Checks a port that the user chose. */
export async function requireFreePort(port: number, option: string): Promise<number> {
  if (await isFree(port)) return port;
  throw new StackError(
    `port ${port} is in use by another program or not permitted: set another port with ${option}, or omit it to use a free port`,
  );
}
