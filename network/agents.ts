/**
 * HTTP agents that connect directly or through the proxy of the environment: HTTPS in a tunnel (CONNECT), HTTP with the whole
 * URL in the request line. Own code, because calls to the cloud must be checked at the socket, and addresses of sources
 * before a proxy gets them.
 */
import http from 'node:http';
import https from 'node:https';
import net, { type LookupFunction } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { environmentProxies, type ProxyAddress, type ProxyFor } from './proxy-rules.js';

export interface AgentSettings {
  /** Default: the proxies of the environment. */
  readonly proxyFor?: ProxyFor;
  /** For direct connections; not for the connection to a proxy. */
  readonly lookup?: LookupFunction;
  /** Rejects a target that must not be reached; called before a proxy gets its name. */
  readonly checkTarget?: (host: string) => Promise<void>;
  /** An address that every connection is made to, whatever host the request names: `http://127.0.0.1:PORT`. No proxy. */
  readonly connectTo?: string;
}

export interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  destroy(): void;
}

/** A connection to a proxy, or the proxy's answer to CONNECT, failed. */
export class ProxyError extends Error {
  /** The code: ali-oss passes on the name of an error alone. */
  override readonly name: string;

  constructor(
    /** Of the error catalogue. */
    readonly code: 'ProxyRefused' | 'ProxyUnreachable',
    /** The message, to which the vendor's SDKs append a URL with its query. */
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = code;
  }
}

const CONNECT_TIMEOUT_MS = 30_000;
/** More is no answer of a proxy. */
const MAX_HEAD_BYTES = 64 * 1024;

export function createAgents(settings: AgentSettings = {}): Agents {
  const { connectTo } = settings;
  const proxyFor: ProxyFor = connectTo === undefined ? (settings.proxyFor ?? environmentProxies) : () => null;
  const place = connectTo === undefined ? {} : addressOf(connectTo);
  const options = { keepAlive: true, ...(settings.lookup === undefined ? {} : { lookup: settings.lookup }) };
  const agents = {
    http: new PlainAgent(options, proxyFor, settings.checkTarget, place),
    https: new TunnelAgent(options, proxyFor, settings.checkTarget, place),
  };
  return {
    ...agents,
    destroy() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

interface Place {
  readonly host: string;
  readonly port: number;
}

function addressOf(url: string): Place {
  const { hostname, port, protocol } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
}

type Created = (error: Error | null, stream: Duplex) => void;
type CheckTarget = AgentSettings['checkTarget'];
/** What Node.js passes to an agent for each request. */
type Target = http.ClientRequestArgs & { servername?: string };

class PlainAgent extends http.Agent {
  constructor(
    options: http.AgentOptions,
    private readonly proxyFor: ProxyFor,
    private readonly check: CheckTarget,
    /** Replaces the address of a direct connection. */
    private readonly fixed: Partial<Place>,
  ) {
    super(options);
  }

  override addRequest(request: http.ClientRequest, target: Target, ...rest: unknown[]): void {
    const proxy = this.proxyFor({ secure: false, ...placeOf(target, 80) });
    if (proxy !== null) {
      request.path = `http://${request.getHeader('host') ?? target.host}${request.path}`;
      if (proxy.authorization !== null) request.setHeader('proxy-authorization', proxy.authorization);
    }
    super.addRequest(request, target, ...rest);
  }

  override createConnection(target: Target, created?: Created): Duplex | null | undefined {
    const place = placeOf(target, 80);
    const proxy = this.proxyFor({ secure: false, ...place });
    if (proxy === null) return super.createConnection({ ...target, ...this.fixed }, created);
    settle(connectTo(proxy, place.host, this.check), created);
    return undefined;
  }
}

class TunnelAgent extends https.Agent {
  constructor(
    options: https.AgentOptions,
    private readonly proxyFor: ProxyFor,
    private readonly check: CheckTarget,
    /** Replaces the address of a direct connection. */
    private readonly fixed: Partial<Place>,
  ) {
    super(options);
  }

  override createConnection(target: Target, created?: Created): Duplex | null | undefined {
    const place = placeOf(target, 443);
    const proxy = this.proxyFor({ secure: true, ...place });
    if (proxy === null) return super.createConnection({ ...target, ...this.fixed }, created);
    const connect = async () => {
      const socket = await connectTo(proxy, place.host, this.check);
      await openTunnel(socket, proxy, place);
      const options: https.RequestOptions & { socket: Duplex } = { ...target, socket };
      const secured = super.createConnection(options);
      if (!secured) throw new Error('Node.js made no TLS connection');
      return secured;
    };
    settle(connect(), created);
    return undefined;
  }
}

function settle(connection: Promise<Duplex>, created?: Created): void {
  connection.then(
    (stream) => created?.(null, stream),
    // Node.js ignores the stream when there is an error.
    (error: unknown) => created?.(error instanceof Error ? error : new Error(String(error)), new net.Socket()),
  );
}

function placeOf(target: Target, defaultPort: number): Place {
  return { host: target.host ?? target.hostname ?? 'localhost', port: Number(target.port ?? defaultPort) };
}

async function connectTo(proxy: ProxyAddress, targetHost: string, check: CheckTarget): Promise<net.Socket> {
  await check?.(targetHost);
  const { host, port } = proxy;
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const socket = proxy.secure ? tls.connect({ host, port, ...servername }) : net.connect({ host, port });
  // Every later error reaches the request or the tunnel by another event.
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error) => {
      const reason = 'code' in error ? String(error.code) : error.message;
      reject(
        new ProxyError('ProxyUnreachable', `the proxy ${host}:${port} cannot be reached: ${reason}`, { cause: error }),
      );
      socket.destroy();
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(new Error('no response')));
    socket.once('error', fail);
    socket.once(proxy.secure ? 'secureConnect' : 'connect', () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      resolve();
    });
  });
  return socket;
}

/** Asks the proxy for a tunnel. Afterwards the socket carries the bytes of the target. */
async function openTunnel(socket: net.Socket, proxy: ProxyAddress, { host, port }: Place): Promise<void> {
  const authority = `${net.isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const login = proxy.authorization === null ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`;
  const name = `the proxy ${proxy.host}:${proxy.port}`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`);
  try {
    const status = await readStatus(socket, name);
    if (status >= 200 && status < 300) return;
    // 5xx: the proxy cannot reach the target, perhaps for now.
    const isTemporary = status >= 500 || status === 408 || status === 429;
    const message = `${name} answers with status ${status} to a connection to ${authority}`;
    throw new ProxyError(isTemporary ? 'ProxyUnreachable' : 'ProxyRefused', message);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function readStatus(socket: net.Socket, name: string): Promise<number> {
  return await new Promise<number>((resolve, reject) => {
    let head = Buffer.alloc(0);
    const broken = (why: string) => () => finish(() => reject(new ProxyError('ProxyUnreachable', `${name} ${why}`)));
    const closed = broken('closed the connection');
    const timer = setTimeout(broken('does not respond'), CONNECT_TIMEOUT_MS);
    const finish = (end: () => void) => {
      clearTimeout(timer);
      socket.off('data', onData).off('close', closed).off('error', closed);
      socket.pause();
      end();
    };
    const onData = (piece: Buffer) => {
      head = Buffer.concat([head, piece]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) {
        if (head.length > MAX_HEAD_BYTES) broken('sends no valid response')();
        return;
      }
      const [, status] = /^HTTP\/1\.[01] (\d{3})/.exec(head.toString('latin1', 0, end)) ?? [];
      const rest = head.subarray(end + 4);
      if (status === undefined) return broken('sends no valid response')();
      finish(() => {
        if (rest.length > 0) socket.unshift(rest);
        resolve(Number(status));
      });
    };
    socket.on('data', onData).once('close', closed).once('error', closed);
  });
}
