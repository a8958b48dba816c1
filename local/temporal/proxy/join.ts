/** Joins two connections: what arrives on one is sent on the other, and both end together. */
import type net from 'node:net';
import { pipeline } from 'node:stream';

export function join(one: net.Socket, other: net.Socket): void {
  for (const socket of [one, other]) {
    socket.setNoDelay(true);
    // Nothing to do: `pipeline` closes both, and clients connect again.
    socket.on('error', () => undefined);
  }
  pipeline(one, other, () => undefined);
  pipeline(other, one, () => undefined);
}
