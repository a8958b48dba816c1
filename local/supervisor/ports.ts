/** Free ports on the loopback address. */
import net from 'node:net';
import { StackError } from './stack-error.js';

/**
 * Below the range that Linux and macOS take for outgoing connections (32768 and up). A port from that range can be lost
 * while its part restarts: a client that keeps connecting to it may be given that very port as its own and meet itself.
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

/** Hands out ports that are free now, each once; the one used before first, so that addresses stay. */
export function portPicker(): (before?: number) => Promise<number> {
  const taken = new Set<number>();
  return async (before) => {
    for (let attempt = 0; attempt < 1_000; attempt += 1) {
      const port =
        attempt === 0 && before !== undefined && before >= FIRST && before <= LAST
          ? before
          : FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
      if (!taken.has(port) && (await isFree(port))) {
        taken.add(port);
        return port;
      }
    }
    throw new StackError(`no free port between ${FIRST} and ${LAST} on 127.0.0.1: end what holds them`);
  };
}

/** For a port that a person asked for. */
export async function demandPort(port: number, option: string): Promise<number> {
  if (await isFree(port)) return port;
  throw new StackError(
    `port ${port} is taken by another program or not allowed: choose another with ${option}, or leave it out for a free one`,
  );
}
