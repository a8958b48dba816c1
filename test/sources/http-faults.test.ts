/** Web servers that fail often, close connections early, send too slowly, or redirect each request elsewhere. */
import { createHash, randomBytes } from 'node:crypto';
import type http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256Of } from '../../sources/digest.js';
import { hasRanges, probeHttp } from '../../sources/http-probe.js';
import { httpReader } from '../../sources/http-ranges.js';
import { createHttpClient, type HttpClient, type HttpLimits } from '../../sources/http-request.js';
import type { SourceReader } from '../../sources/source.js';
import { type RangeServer, startRangeServer } from '../support/sources/range-server.js';

const bytes = randomBytes(400_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const { signal } = new AbortController();
const QUICK = { maxFailures: 4, firstWaitMs: 1, maxWaitMs: 5 };

let web: RangeServer;
const opened: { close(): unknown }[] = [];

beforeEach(async () => {
  web = await startRangeServer(bytes);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await web.close();
});

function client(limits: Partial<HttpLimits> = {}, stallMs = 300): HttpClient {
  const created = createHttpClient({ hosts: [], addresses: ['127.0.0.1'], stallMs, limits: { ...QUICK, ...limits } });
  opened.push(created);
  return created;
}

async function open(url = web.url, http = client()): Promise<SourceReader> {
  const facts = await probeHttp(http, url, signal);
  if (!hasRanges(facts)) throw new Error('the server takes no ranges');
  return httpReader(http, facts);
}

async function mirror(content = bytes, etag = '"mirror"'): Promise<RangeServer> {
  const server = await startRangeServer(content);
  server.etag = etag;
  opened.push(server);
  return server;
}

/** Answers with the first `most` bytes of the requested range, then closes the connection. */
function cutAfter(most: number): RangeServer['instead'] {
  return (_path, response, range) => {
    const [, start = 0, end = 0] = (/(\d+)-(\d+)/.exec(range ?? '') ?? []).map(Number);
    const length = end - start + 1;
    if (length <= most) return false;
    const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}`, 'content-length': length };
    response.writeHead(206, { ...headers, etag: '"one"' });
    response.write(bytes.subarray(start, start + most));
    web.bytesServed += most;
    setTimeout(() => response.destroy(), 2);
    return true;
  };
}

describe('a server that closes every connection early', () => {
  test('→ the read continues at the byte where it stopped, however often', async () => {
    const source = await open();
    web.instead = cutAfter(30_000);
    expect(await sha256Of(source, signal)).toBe(sha256);
    expect(web.bytesServed).toBeLessThan(bytes.length + 10);
    expect(web.requests.length).toBeGreaterThan(bytes.length / 30_000);
  });

  test('and has another version when the read continues → Source.Changed', async () => {
    const source = await open();
    const cut = cutAfter(30_000);
    web.instead = (path, response, range) => {
      if (web.requests.length === 4) web.etag = '"two"';
      return web.requests.length < 4 && cut(path, response, range);
    };
    await expect(sha256Of(source, signal)).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
  });
});

test('a server that fails one request in five → described and read', async () => {
  const cut = cutAfter(20_000);
  web.instead = (path, response, range) => {
    if (web.requests.length % 5 !== 1) return cut(path, response, range);
    if (web.requests.length % 2 === 0) response.writeHead(503).end();
    else response.destroy();
    return true;
  };
  expect(await sha256Of(await open(), signal)).toBe(sha256);
});

test('a server that is away after a part → transient failure, with the bytes read so far kept in their place', async () => {
  const source = await open();
  web.instead = (_path, response) => {
    response.destroy();
    return true;
  };
  await expect(sha256Of(source, signal)).rejects.toMatchObject({
    failure: { code: 'Source.Unreachable', class: 'transient' },
  });
});

test('a server that asks for a long wait → the step waits, not the read', async () => {
  web.instead = (_path, response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end();
    return true;
  };
  await expect(open()).rejects.toMatchObject({ failure: { code: 'Source.Busy', retryAfterMs: 3_600_000 } });
  expect(web.requests).toHaveLength(1);
});

describe('a server that sends a byte now and then', () => {
  const LOW = { minBytesPerSecond: 1_000, windowMs: 150 };

  function trickle(response: http.ServerResponse, range: string | null) {
    const [, start = 0, end = 0] = (/(\d+)-(\d+)/.exec(range ?? '') ?? []).map(Number);
    const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}`, 'content-length': end - start + 1 };
    response.writeHead(206, { ...headers, etag: '"one"' });
    let at = start;
    const timer = setInterval(() => response.write(bytes.subarray(at, ++at)), 20);
    response.on('close', () => clearInterval(timer));
  }

  test('→ Source.TooSlow, which requires action', async () => {
    const source = await open(web.url, client(LOW));
    web.instead = (_path, response, range) => {
      trickle(response, range);
      return true;
    };
    await expect(sha256Of(source, signal)).rejects.toMatchObject({
      failure: { code: 'Source.TooSlow', class: 'attention' },
    });
  });

  test('and closes the connection after each → Source.TooSlow', async () => {
    const source = await open(web.url, client(LOW));
    web.instead = cutAfter(1);
    await expect(sha256Of(source, signal)).rejects.toMatchObject({ failure: { code: 'Source.TooSlow' } });
  });

  test('of the head of its response → Source.Stalled', async () => {
    const listener = net.createServer((socket) => {
      const timer = setInterval(() => socket.write('H'), 20);
      socket.on('error', () => undefined);
      socket.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    opened.push(listener);
    const { port } = listener.address() as AddressInfo;
    await expect(open(new URL(`http://127.0.0.1:${port}/`), client({ maxFailures: 1 }))).rejects.toMatchObject({
      failure: { code: expect.stringMatching(/Source\.(Stalled|Unreachable)/) },
    });
  });
});

describe('a server that redirects each request to another mirror', () => {
  async function redirector(mirrors: readonly RangeServer[]): Promise<URL> {
    let turn = 0;
    web.instead = (_path, response) => {
      const to = mirrors[turn++ % mirrors.length];
      response.writeHead(302, { location: to?.url.href ?? '' }).end();
      return true;
    };
    return web.url;
  }

  test('→ all bytes come from the mirror that was described', async () => {
    const mirrors = [await mirror(bytes, '"a"'), await mirror(bytes, '"b"')];
    const source = await open(await redirector(mirrors));
    expect(await sha256Of(source, signal)).toBe(sha256);
    expect(source.guarantee()).toBe('etag');
    expect(mirrors.map((one) => one.requests.length > 0)).toEqual([true, false]);
    expect(web.requests).toHaveLength(1);
  });

  test('and whose mirror fails → continues with another one; a second read must compare the bytes', async () => {
    const mirrors = [await mirror(bytes, '"a"'), await mirror(bytes, '"b"')];
    const source = await open(await redirector(mirrors));
    const [failing] = mirrors;
    if (failing === undefined) throw new Error('no mirror');
    let served = 0;
    failing.instead = (_path, response) => {
      if (served++ < 1) return false;
      response.destroy();
      return true;
    };
    const buffers = [new Uint8Array(50_000), new Uint8Array(50_000)] as const;
    const digest = createHash('sha256');
    for (let offset = 0; offset < bytes.length; offset += 100_000) {
      for await (const chunk of source.read(offset, 100_000, buffers, signal)) digest.update(chunk);
    }
    await source.check();
    expect(digest.digest('hex')).toBe(sha256);
    expect(source.guarantee()).toBe('second-read');
  });

  test('and whose mirror no longer has the image → continues with another one', async () => {
    const mirrors = [await mirror(bytes, '"a"'), await mirror(bytes, '"a"')];
    const source = await open(await redirector(mirrors));
    const [gone] = mirrors;
    if (gone === undefined) throw new Error('no mirror');
    gone.instead = (_path, response) => {
      response.writeHead(404).end();
      return true;
    };
    expect(await sha256Of(source, signal)).toBe(sha256);
    // The same strong ETag: the same bytes.
    expect(source.guarantee()).toBe('etag');
  });

  test('and whose other mirror has another size → Source.Changed', async () => {
    const mirrors = [await mirror(bytes, '"a"'), await mirror(Buffer.concat([bytes, bytes]), '"b"')];
    const source = await open(await redirector(mirrors));
    await mirrors[0]?.close();
    opened.splice(opened.indexOf(mirrors[0] as RangeServer), 1);
    await expect(sha256Of(source, signal)).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
  });
});

test.each([
  ['to itself', (path: string) => path, 'in a loop'],
  ['between two paths', (path: string) => (path === '/a' ? '/b' : '/a'), 'in a loop'],
  ['to ever new paths', (path: string) => `${path}x`, 'more than 10 times'],
])('a server that redirects %s → Source.RedirectLoop, which reports it', async (_name, next, message) => {
  web.instead = (path, response) => {
    response.writeHead(302, { location: next(path) }).end();
    return true;
  };
  await expect(open(new URL('/a', web.url))).rejects.toMatchObject({
    failure: {
      ...{ code: 'Source.RedirectLoop', class: 'request' },
      message: expect.stringContaining(message),
      remedy: expect.not.stringContaining('chmod'),
    },
  });
});
