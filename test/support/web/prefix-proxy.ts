/** A proxy that serves an API below a path, as `nginx` does with `location /below/ { proxy_pass http://api/; }`. */
import { once } from 'node:events';
import http from 'node:http';

export interface PrefixProxy {
  /** Ends with a slash. */
  readonly url: string;
  readonly close: () => void;
}

export async function startPrefixProxy(apiUrl: string, prefix: string): Promise<PrefixProxy> {
  const api = new URL(apiUrl);
  const server = http.createServer((request, response) => {
    const path = request.url ?? '/';
    if (!path.startsWith(prefix)) return response.writeHead(404).end();
    const sent = http.request(
      // Host as the browser sent it: the API compares it with the origin.
      {
        host: api.hostname,
        port: api.port,
        method: request.method,
        headers: request.headers,
        path: `/${path.slice(prefix.length)}`,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    sent.on('error', () => response.writeHead(502).end());
    response.on('close', () => sent.destroy());
    request.pipe(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
