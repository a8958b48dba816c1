/**
 * The half of the proxy in the network namespace of the embedded Temporal server: starts the server, and passes the
 * connections of two Unix sockets to its ports. Ends with the server, and the server ends with it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporalServes } from '../health.js';
import { join } from './join.js';
import { INNER_PORTS, SOCKETS } from './sockets.js';

type CommandLine = readonly [string, ...string[]];

/** Resolves with the exit code of the server. Prints `ready temporal` when it serves the namespace. */
export async function runInside(namespace: string, command: CommandLine): Promise<number> {
  const [file, ...args] = endingWithParent(command);
  const server = spawn(file, args, { stdio: 'inherit' });
  const ended = once(server, 'exit');
  // Handled where it is awaited.
  ended.catch(() => undefined);
  process.on('SIGTERM', () => server.kill('SIGTERM'));
  await Promise.all([passOn(SOCKETS.grpc, INNER_PORTS.grpc), passOn(SOCKETS.ui, INNER_PORTS.ui)]);
  void reportReady(namespace, () => server.exitCode === null && server.signalCode === null);
  const [code] = await ended;
  return typeof code === 'number' ? code : 1;
}

/** The kernel ends the command if this process is killed: two servers must never write to one database. */
export function endingWithParent(command: CommandLine): CommandLine {
  return ['setpriv', '--pdeathsig', 'KILL', '--', ...command];
}

/** Listens on a Unix socket in the working directory that only this user can connect to. */
export async function listenPrivately(socket: string, onClient: (client: net.Socket) => void): Promise<net.Server> {
  // Left by a run that was killed. The supervisor has ended its processes.
  await rm(socket, { force: true });
  const listener = net.createServer(onClient);
  listener.listen(socket);
  await once(listener, 'listening');
  await chmod(socket, 0o600);
  return listener;
}

async function passOn(socket: string, port: number): Promise<void> {
  await listenPrivately(socket, (client) => join(client, net.connect(port, '127.0.0.1')));
}

async function reportReady(namespace: string, runs: () => boolean): Promise<void> {
  while (runs()) {
    if (await temporalServes(`127.0.0.1:${INNER_PORTS.grpc}`, namespace)) {
      process.stdout.write('ready temporal\n');
      return;
    }
    await sleep(50);
  }
}
