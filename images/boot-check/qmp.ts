/** A minimal client of the QEMU Machine Protocol (QMP) over a Unix socket. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Qmp {
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<void>;
  /** True after the guest's disk could not be written because its file system is full; QEMU stops the guest then. */
  isDiskFull(): boolean;
  close(): void;
}

const CONNECT_INTERVAL_MS = 100;
/** QEMU normally responds within milliseconds. */
const RESPONSE_TIMEOUT_MS = 10_000;

/** Retries until the socket accepts a connection or the signal aborts. */
export async function openQmp(path: string, signal: AbortSignal): Promise<Qmp> {
  for (;;) {
    signal.throwIfAborted();
    const socket = await tryConnect(path);
    if (socket !== null) return await negotiate(socket);
    await sleep(CONNECT_INTERVAL_MS, undefined, { signal });
  }
}

function tryConnect(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}

async function negotiate(socket: Socket): Promise<Qmp> {
  socket.on('error', () => undefined);
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];
  let diskFull = false;
  const lines = createInterface({ input: socket });
  lines.on('line', (line) => {
    if (/"BLOCK_IO_ERROR"/.test(line) && /"nospace": *true/.test(line)) diskFull = true;
    const response = parseResponse(line);
    if (response === null) return;
    const next = waiting.shift();
    if (response.error === null) next?.resolve();
    else next?.reject(new Error(response.error));
  });
  socket.once('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('QEMU closed its control socket'));
  });
  const execute = (command: string, args: Readonly<Record<string, unknown>> = {}): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`QEMU did not respond to ${command} within ${RESPONSE_TIMEOUT_MS} ms`)),
        RESPONSE_TIMEOUT_MS,
      );
      waiting.push({
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  await execute('qmp_capabilities');
  return {
    execute,
    isDiskFull: () => diskFull,
    close() {
      lines.close();
      socket.destroy();
    },
  };
}

/** Null: an event or the greeting, which respond to no command. */
function parseResponse(line: string): { readonly error: string | null } | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  if ('return' in value) return { error: null };
  if (!('error' in value)) return null;
  const { error } = value;
  const text = typeof error === 'object' && error !== null && 'desc' in error ? String(error.desc) : 'unknown error';
  return { error: text };
}
