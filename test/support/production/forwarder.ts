/** A TCP forwarder whose target can be changed: what a virtual address or a managed endpoint does in a failover. */
import net from 'node:net';

export interface Forwarder {
  /** On 127.0.0.1. */
  readonly port: number;
  /** New connections go to this port of 127.0.0.1. Existing connections are closed. */
  switchTo(port: number): void;
  close(): Promise<void>;
}

export async function startForwarder(port: number, target: number): Promise<Forwarder> {
  const open = new Set<net.Socket>();
  let to = target;
  const track = (socket: net.Socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  };
  const closeAll = () => {
    for (const socket of open) socket.destroy();
  };
  const server = net.createServer((client) => {
    const upstream = net.connect({ port: to, host: '127.0.0.1' });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      track(socket);
      socket.on('close', () => other.destroy());
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port,
    switchTo(next) {
      to = next;
      closeAll();
    },
    async close() {
      closeAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
