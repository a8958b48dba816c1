/** A web server with one image, on loopback, that can be told to misbehave; it counts the bytes that it hands out. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RangeServer {
  readonly url: URL;
  readonly requests: {
    readonly path: string;
    readonly range: string | null;
    readonly ifRange: string | null;
    readonly authorization: string | undefined;
    readonly key: string;
  }[];
  bytes: Buffer;
  etag: string | null;
  lastModified: string | null;
  takesRanges: boolean;
  bytesServed: number;
  /** Answers instead of the image; undefined: the plain answer. */
  instead: (path: string, response: http.ServerResponse, range: string | null) => boolean;
  close(): Promise<void>;
}

export async function startRangeServer(bytes: Buffer): Promise<RangeServer> {
  const listener = http.createServer((request, response) => {
    const range = request.headers.range ?? null;
    const path = request.url ?? '/';
    const { authorization } = request.headers;
    const [ifRange = null] = [request.headers['if-range']].flat();
    server.requests.push({ path, range, ifRange, authorization, key: String(request.headers['x-key'] ?? '') });
    if (server.instead(path, response, range)) return;
    const unchanged = ifRange === null || ifRange === server.etag || ifRange === server.lastModified;
    const described = {
      ...(server.etag === null ? {} : { etag: server.etag }),
      ...(server.lastModified === null ? {} : { 'last-modified': server.lastModified }),
    };
    const asked = server.takesRanges && unchanged ? /^bytes=(\d+)-(\d+)$/.exec(range ?? '') : null;
    const [start, end] = asked ? [Number(asked[1]), Number(asked[2]) + 1] : [0, server.bytes.length];
    const piece = server.bytes.subarray(start, end);
    response.writeHead(asked ? 206 : 200, {
      ...described,
      'content-length': piece.length,
      ...(asked ? { 'content-range': `bytes ${start}-${start + piece.length - 1}/${server.bytes.length}` } : {}),
    });
    response.end(piece);
    server.bytesServed += piece.length;
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  const server: RangeServer = {
    url: new URL(`http://127.0.0.1:${port}/disk.raw?signature=secret`),
    requests: [],
    bytes,
    etag: '"one"',
    lastModified: null,
    takesRanges: true,
    bytesServed: 0,
    instead: () => false,
    async close() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return server;
}
