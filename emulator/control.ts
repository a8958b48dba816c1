/** The control API under `/_emulator/`. Its requests are not signed, so it accepts loopback addresses only. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { coverage } from './coverage.js';
import { readState } from './state.js';
import type { World } from './world.js';

export const CONTROL_PREFIX = '/_emulator/';

class ControlError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

type Handler = (world: World, input: { readonly query: URLSearchParams; readonly body: unknown }) => unknown;

const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  state: {
    GET: (world, { query }) => {
      const id = query.get('account') ?? world.accountId;
      const account = world.ofAccount(id);
      if (account === undefined) throw new ControlError(404, `there is no account ${id}; add it with POST accounts`);
      return readState(account);
    },
  },
  accounts: {
    GET: (world) => ({ accounts: world.accounts.map(({ accountId }) => ({ accountId })) }),
    POST: (world, { body }) =>
      orBadRequest(() => {
        const id = typeof body === 'object' && body !== null && 'id' in body ? String(body.id) : '';
        const { accountId } = world.addAccount({ id });
        return { accountId, accessKeyId: `emulator-${accountId}`, accessKeySecret: 'emulator-secret' };
      }),
  },
  calls: { GET: (world, { query }) => world.journal.read(journalFilter(query)) },
  coverage: { GET: () => coverage() },
  reset: {
    POST: (world) => {
      world.reset();
      return { reset: true };
    },
  },
  settings: {
    GET: (world) => world.settings,
    POST: (world, { body }) => orBadRequest(() => world.changeSettings(body)),
  },
  faults: {
    GET: (world) => ({ faults: world.faults.list() }),
    POST: (world, { body }) => orBadRequest(() => world.faults.add(body)),
    DELETE: (world, { query }) => {
      const id = query.get('id');
      if (id === null) world.faults.clear();
      else world.faults.remove(id);
      return { faults: world.faults.list() };
    },
  },
};

export async function serveControl(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  query: string,
): Promise<void> {
  const body = await readBody(request);
  let status = 200;
  let answer: unknown;
  try {
    answer = run(world, request, path, query, body);
    world.flush();
  } catch (error) {
    status = error instanceof ControlError ? error.status : 500;
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(answer)}\n`);
}

function run(world: World, request: IncomingMessage, path: string, query: string, body: string): unknown {
  if (!isLoopback(request.socket.remoteAddress ?? '')) {
    throw new ControlError(403, 'the control API accepts requests from loopback addresses only');
  }
  refusePages(request);
  const name = path.slice(CONTROL_PREFIX.length);
  const methods = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (methods === undefined) {
    throw new ControlError(
      404,
      `${path} does not exist; the paths are ${Object.keys(routes)
        .map((known) => CONTROL_PREFIX + known)
        .join(', ')}`,
    );
  }
  const method = request.method ?? 'GET';
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (handler === undefined) {
    throw new ControlError(405, `${path} does not support ${method}; use ${Object.keys(methods).join(' or ')}`);
  }
  return handler(world, { query: new URLSearchParams(query), body: parse(body) });
}

function journalFilter(query: URLSearchParams) {
  const number = (name: string) => {
    const text = query.get(name);
    if (text === null) return {};
    if (!/^\d+$/.test(text)) throw new ControlError(400, `${name} must be a whole number, not "${text}"`);
    return { [name]: Number(text) };
  };
  const text = (name: string) => {
    const value = query.get(name);
    return value === null ? {} : { [name]: value };
  };
  return { ...text('service'), ...text('action'), ...number('after'), ...number('limit') };
}

function orBadRequest<T>(change: () => T): T {
  try {
    return change();
  } catch (error) {
    throw new ControlError(400, error instanceof Error ? error.message : String(error));
  }
}

function parse(body: string): unknown {
  if (body.trim() === '') return {};
  try {
    return JSON.parse(body);
  } catch {
    throw new ControlError(400, 'the body must be JSON');
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/**
 * A page of a browser on this host also comes from a loopback address. It cannot change `Origin` and `Sec-Fetch-Site`; a page whose
 * name was pointed at this address (DNS rebinding) is known by `Host`.
 */
function refusePages({ headers }: IncomingMessage): void {
  if (!isLocalName(headers.host ?? '')) {
    throw new ControlError(
      403,
      `the control API accepts addresses and localhost as Host, not "${headers.host?.slice(0, 100)}"`,
    );
  }
  const site = headers['sec-fetch-site'];
  const isForeign = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (headers.origin !== undefined || isForeign) {
    throw new ControlError(403, 'the control API accepts no requests of web pages: use a program or the command line');
  }
}

/** An address, localhost or a name below it, with or without a port. */
function isLocalName(host: string): boolean {
  const name = host.replace(/:\d*$/, '').toLowerCase();
  return name === '' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0 || /^(?:.+\.)?localhost$/.test(name);
}

function isLoopback(address: string): boolean {
  return /^(::ffff:)?127\./.test(address) || address === '::1';
}
