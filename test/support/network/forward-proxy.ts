/** A forward proxy on loopback, as companies use: absolute URLs for HTTP, CONNECT for HTTPS. It resolves names by a table. */
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

export interface ForwardProxy {
  readonly port: number;
  /** `GET http://host/path`, `CONNECT host:port`. */
  readonly requests: string[];
  readonly userAgents: (string | undefined)[];
  /** Name of a target → port on loopback. */
  readonly targets: Map<string, number>;
  /** The Proxy-Authorization that it requires; null: none. */
  login: string | null;
  /** The status of every answer; null: it forwards. */
  refuses: number | null;
  close(): Promise<void>;
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const refusalOf = (headers: http.IncomingHttpHeaders) =>
    proxy.login !== null && headers['proxy-authorization'] !== proxy.login ? 407 : proxy.refuses;
  const sockets = new Set<net.Socket>();
  const server = http.createServer((request, response) => {
    proxy.requests.push(`${request.method} ${request.url}`);
    proxy.userAgents.push(request.headers['user-agent']);
    const refused = refusalOf(request.headers);
    if (refused !== null) return void response.writeHead(refused).end();
    const url = new URL(request.url ?? '', 'http://no-absolute-url');
    const port = proxy.targets.get(url.hostname);
    if (port === undefined) return void response.writeHead(502).end();
    const { 'proxy-authorization': _login, ...headers } = request.headers;
    const onward = http.request(
      { host: '127.0.0.1', port, method: request.method, path: `${url.pathname}${url.search}`, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request: http.IncomingMessage, socket: net.Socket) => {
    proxy.requests.push(`CONNECT ${request.url}`);
    const refused = refusalOf(request.headers);
    if (refused !== null) return void socket.end(`HTTP/1.1 ${refused} No\r\n\r\n`);
    const port = proxy.targets.get(request.url?.split(':')[0] ?? '');
    if (port === undefined) return void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    const onward = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    sockets.add(onward);
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: ForwardProxy = {
    ...{ port, requests: [], userAgents: [], targets: new Map(), login: null, refuses: null },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
