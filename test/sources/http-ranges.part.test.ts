import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { probeHttp } from '../../sources/http-probe.js';
import { httpReader } from '../../sources/http-ranges.js';
import { createHttpClient, type HttpClient } from '../../sources/http-request.js';
import { readPiece } from '../../sources/source.js';
import { type RangeServer, startRangeServer } from '../support/sources/range-server.js';

const bytes = randomBytes(300_000);
const signal = new AbortController().signal;
const QUICK = { maxFailures: 3, firstWaitMs: 5, maxWaitMs: 20 };

let server: RangeServer;
let client: HttpClient;

beforeEach(async () => {
  server = await startRangeServer(bytes);
  client = createHttpClient({ hosts: [], addresses: ['127.0.0.1'], stallMs: 300, limits: QUICK });
});

afterEach(async () => {
  client.close();
  await server.close();
});

async function open(url = server.url) {
  const facts = await probeHttp(client, url, signal);
  if (facts.size === null) throw new Error('no size');
  return httpReader(client, { ...facts, size: facts.size });
}

const redirectTo = (location: string) => {
  server.instead = (path, response) => {
    if (path !== '/from') return false;
    response.writeHead(302, { location }).end();
    return true;
  };
  return new URL('/from', server.url);
};

function boundsOf(range: string | null): { readonly start: number; readonly end: number } {
  const [, start, end] = /(\d+)-(\d+)/.exec(range ?? '') ?? [];
  return { start: Number(start), end: Number(end) };
}

const failure = (code: string, kind: string) => ({ failure: { code: `Source.${code}`, class: kind } });

describe('a web source', () => {
  test('reports its size and gives any range', async () => {
    const source = await open();
    expect(source.size).toBe(bytes.length);
    const piece = await readPiece(source, 100_001, 150_000, signal);
    expect(piece.equals(bytes.subarray(100_001, 250_001))).toBe(true);
    await source.check();
  });

  test('of a server that sends all bytes for every range → says that the server ignores the range, not that the image changed', async () => {
    server.instead = (_path, response) => {
      response.writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` }).end(bytes);
      return true;
    };
    const source = await open();
    await expect(readPiece(source, 100_000, 1_000, signal)).rejects.toMatchObject({
      failure: { code: 'Source.Refused', message: expect.stringContaining('ignores which bytes were requested') },
    });
  });

  describe('whose server answers', () => {
    /** After the description. */
    const answers = (
      answer: (
        start: number,
        end: number,
      ) => { readonly headers?: Record<string, string>; readonly body: Buffer; readonly at?: number },
    ) => {
      server.instead = (_path, response, range) => {
        const { start, end } = boundsOf(range);
        if (end === 0) return false;
        const { headers = {}, body, at = start } = answer(start, end);
        const contentRange = `bytes ${at}-${end}/${bytes.length}`;
        response.writeHead(206, { etag: '"one"', 'content-range': contentRange, ...headers }).end(body);
        return true;
      };
    };

    test('one byte later than requested → Source.Refused', async () => {
      const source = await open();
      answers((start, end) => ({ body: bytes.subarray(start + 1, end + 2), at: start + 1 }));
      await expect(readPiece(source, 1000, 5000, signal)).rejects.toMatchObject(failure('Refused', 'request'));
    });

    test('fewer bytes than requested each time → all bytes, in their places', async () => {
      const source = await open();
      answers((start, end) => ({ body: bytes.subarray(start, Math.min(end + 1, start + 700)) }));
      const piece = await readPiece(source, 1000, 5000, signal);
      expect(piece.equals(bytes.subarray(1000, 6000))).toBe(true);
    });

    test('more bytes than requested → Source.Unreachable, and none of them is used', async () => {
      const source = await open();
      answers((start, end) => ({ body: bytes.subarray(start, end + 100) }));
      await expect(readPiece(source, 1000, 5000, signal)).rejects.toMatchObject(failure('Unreachable', 'transient'));
    });

    test('every range with another size, although the image has its size → Source.Refused', async () => {
      const source = await open();
      answers((start, end) => ({
        body: bytes.subarray(start, end + 1),
        headers: { 'content-range': `bytes ${start}-${end}/${bytes.length + 1}` },
      }));
      await expect(readPiece(source, 1000, 5000, signal)).rejects.toMatchObject({
        failure: { code: 'Source.Refused', message: expect.stringContaining(`reports ${bytes.length + 1} bytes`) },
      });
    });

    test.each(['bytes 1000-5999/*', 'bytes */300000', 'items 1000-5999/300000', ''])(
      'with the Content-Range "%s" → refused',
      async (contentRange) => {
        const source = await open();
        answers((start, end) => ({
          body: bytes.subarray(start, end + 1),
          headers: { 'content-range': contentRange },
        }));
        await expect(readPiece(source, 1000, 5000, signal)).rejects.toThrow();
      },
    );

    test.each(['', 'identity'])('with the Content-Encoding "%s", which is none → all bytes', async (encoding) => {
      const source = await open();
      const headers = { 'content-encoding': encoding };
      answers((start, end) => ({ body: bytes.subarray(start, end + 1), headers }));
      const piece = await readPiece(source, 1000, 5000, signal);
      expect(piece.equals(bytes.subarray(1000, 6000))).toBe(true);
    });

    test('with gzip, although the image was described without it → Source.Refused, with the encoding', async () => {
      const source = await open();
      answers((start, end) => ({
        body: gzipSync(bytes.subarray(start, end + 1)),
        headers: { 'content-encoding': 'gzip' },
      }));
      await expect(readPiece(source, 1000, 5000, signal)).rejects.toMatchObject({
        failure: { code: 'Source.Refused', message: expect.stringContaining('Content-Encoding: gzip') },
      });
    });

    test('and closes the connection in the middle of every response → all bytes, in their places', async () => {
      const source = await open();
      server.instead = (_path, response, range) => {
        const { start, end } = boundsOf(range);
        const contentRange = `bytes ${start}-${end}/${bytes.length}`;
        response.writeHead(206, { etag: '"one"', 'content-range': contentRange, 'content-length': end - start + 1 });
        const half = bytes.subarray(start, start + Math.ceil((end - start + 1) / 2));
        response.write(half, () => setTimeout(() => response.destroy(), 5));
        return true;
      };
      const piece = await readPiece(source, 1000, 5000, signal);
      expect(piece.equals(bytes.subarray(1000, 6000))).toBe(true);
    });
  });

  test('has a name without the query, which may contain a signature', async () => {
    const source = await open();
    expect(source.name).toContain('/disk.raw');
    expect(JSON.stringify([source.name, source.version])).not.toContain('secret');
  });

  test.each([
    ['ETag', () => ({ etag: '"two"' })],
    ['time of change', () => ({ etag: null, lastModified: 'Tue, 24 Nov 2026 10:00:00 GMT' })],
  ])('that changes by its %s is refused in the middle of its reading', async (name, change) => {
    if (name !== 'ETag') Object.assign(server, { etag: null, lastModified: 'Mon, 23 Nov 2026 10:00:00 GMT' });
    const source = await open();
    await readPiece(source, 0, 1000, signal);
    Object.assign(server, change());
    await expect(readPiece(source, 1000, 1000, signal)).rejects.toMatchObject(failure('Changed', 'request'));
    await expect(source.check()).rejects.toMatchObject(failure('Changed', 'request'));
  });

  test('whose size changes → refused, even where its server reports no version', async () => {
    server.etag = null;
    const source = await open();
    server.bytes = Buffer.concat([bytes, bytes]);
    await expect(readPiece(source, 1000, 1000, signal)).rejects.toMatchObject(failure('Changed', 'request'));
  });

  test('on a server without ranges → reported as such', async () => {
    server.takesRanges = false;
    expect(await probeHttp(client, server.url, signal)).toMatchObject({ takesRanges: false, size: bytes.length });
  });

  test.each([
    [416, {}],
    [416, { 'content-range': `bytes */${bytes.length}` }],
    [400, {}],
    [501, {}],
  ])('on a server that answers %i to every range → as on a server without ranges', async (status, headers) => {
    server.instead = (_path, response, range) => {
      if (range === null) return false;
      response.writeHead(status, headers).end();
      return true;
    };
    const facts = await probeHttp(client, server.url, signal);
    expect(facts).toMatchObject({ takesRanges: false, size: bytes.length });
    server.instead = (_path, response) => {
      response.writeHead(status).end();
      return true;
    };
    await expect(probeHttp(client, server.url, AbortSignal.timeout(5_000))).rejects.toMatchObject({
      failure: { message: expect.stringContaining(String(status)) },
    });
  });

  test('on a server that refuses a range of its image → refused for its ranges, not as changed', async () => {
    const source = await open();
    server.instead = (_path, response) => {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return true;
    };
    await expect(readPiece(source, 0, 1000, signal)).rejects.toMatchObject({
      failure: { code: 'Source.Refused', message: expect.stringContaining('Download it') },
    });
  });

  test('whose change is decided while the read that noticed it is aborted → the other reads continue', async () => {
    const source = await open();
    const stop = new AbortController();
    let answered = 0;
    server.instead = (_path, response, range) => {
      const { start, end } = boundsOf(range);
      // The decision has begun, and needs this answer.
      if (end === 0) stop.abort(new Error('reclaimed'));
      if (end === 0 || ++answered > 2) return false;
      const contentRange = `bytes ${start}-${end}/${bytes.length}`;
      response.writeHead(206, { etag: '"of another server"', 'content-range': contentRange });
      response.end(bytes.subarray(start, end + 1));
      return true;
    };
    const aborted = readPiece(source, 0, 1000, stop.signal);
    const other = readPiece(source, 1000, 1000, signal);
    await expect(aborted).rejects.toThrow('reclaimed');
    expect((await other).equals(bytes.subarray(1000, 2000))).toBe(true);
  });

  test.each([404, 403, 416])('whose server answers %i once to the last check → unchanged', async (status) => {
    const source = await open();
    let answered = 0;
    server.instead = (_path, response) => {
      answered += 1;
      if (answered > 1) return false;
      response.writeHead(status).end();
      return true;
    };
    await source.check();
    expect(answered).toBe(2);
  });

  test('whose file becomes empty → Source.Changed', async () => {
    const source = await open();
    server.instead = (_path, response) => {
      response.writeHead(416, { 'content-range': 'bytes */0' }).end();
      return true;
    };
    await expect(readPiece(source, 0, 1000, signal)).rejects.toMatchObject(failure('Changed', 'request'));
    await expect(source.check()).rejects.toMatchObject(failure('Changed', 'request'));
  });

  test.each([
    ['the same ETag', '"one"', bytes.length],
    ['another ETag', '"two"', bytes.length],
    ['another size', '"one"', bytes.length - 1],
  ])(
    'on a server that answers 200 to a range of all bytes, with %s → the bytes, or the reason',
    async (name, etag, size) => {
      const source = await open();
      server.instead = (_path, response, range) => {
        if (boundsOf(range).end === 0) return false;
        response.writeHead(200, { etag, 'content-length': size }).end(bytes.subarray(0, size));
        return true;
      };
      if (name === 'another ETag') server.etag = etag;
      const reading = readPiece(source, 0, bytes.length, signal);
      if (name === 'the same ETag') {
        expect((await reading).equals(bytes)).toBe(true);
        expect(source.guarantee()).toBe('etag');
      } else
        await expect(reading).rejects.toMatchObject(
          failure(name === 'another ETag' ? 'Changed' : 'Refused', 'request'),
        );
    },
  );

  test('on a server that sends the whole image where a range has If-Range → read without it, and of one version', async () => {
    const source = await open();
    server.instead = (_path, response, range) => {
      const { start, end } = boundsOf(range);
      if (end === 0 || server.requests.at(-1)?.ifRange === null) return false;
      response.writeHead(200, { etag: '"one"', 'content-length': bytes.length }).end(bytes);
      return start > 0;
    };
    expect((await readPiece(source, 1000, 5000, signal)).equals(bytes.subarray(1000, 6000))).toBe(true);
    expect(source.guarantee()).toBe('etag');
  });

  test.each([
    ['7', 7_000],
    [new Date(Date.now() + 1_800_000).toUTCString(), 1_800_000],
    ['1e9', 0],
    ['99999999999', 3_600_000],
    [new Date(0).toUTCString(), 0],
    ['soon', 0],
  ])(
    'whose server answers 429 with Retry-After: %s → it is asked again after %i ms, at most an hour',
    async (value, wanted) => {
      server.instead = (_path, response) => {
        response.writeHead(429, { 'retry-after': value }).end();
        return true;
      };
      const { failure: found } = await open().then(
        () => ({ failure: null }),
        (error: { failure: { retryAfterMs?: number } }) => error,
      );
      expect(Math.abs((found?.retryAfterMs ?? 0) - wanted)).toBeLessThan(120_000);
      if (wanted < 120_000) expect(found?.retryAfterMs ?? 0).toBe(wanted);
    },
  );

  test('that is empty → refused', async () => {
    server.takesRanges = false;
    server.bytes = Buffer.alloc(0);
    await expect(open()).rejects.toMatchObject(failure('Empty', 'request'));
  });

  test.each([
    [404, 'NotThere', 'request'],
    [410, 'NotThere', 'request'],
    [401, 'Forbidden', 'attention'],
    [403, 'Forbidden', 'attention'],
    [429, 'Busy', 'throttled'],
    [500, 'Unreachable', 'transient'],
    [503, 'Unreachable', 'transient'],
    [400, 'Refused', 'request'],
  ])('whose server answers %i is %s, which is %s', async (status, code, kind) => {
    server.instead = (_path, response) => {
      response.writeHead(status, { 'retry-after': '7' }).end();
      return true;
    };
    await expect(open()).rejects.toMatchObject(failure(code, kind));
  });

  test('whose connections close early or stall without a byte → transient failure', async () => {
    const source = await open();
    server.instead = (_path, response, range) => {
      const { start, end } = boundsOf(range);
      const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}`, etag: '"one"' };
      response.writeHead(206, { ...headers, 'content-length': end - start + 1 }).flushHeaders();
      if (start === 0) setTimeout(() => response.destroy(), 10);
      return true;
    };
    await expect(readPiece(source, 0, 50_000, signal)).rejects.toMatchObject(failure('Unreachable', 'transient'));
    await expect(readPiece(source, 1, 50_000, signal)).rejects.toMatchObject(failure('Stalled', 'transient'));
  });

  test('with a slow reader → not a stall', async () => {
    const source = await open();
    const buffers = [new Uint8Array(100_000), new Uint8Array(100_000)] as const;
    let read = 0;
    for await (const chunk of source.read(0, bytes.length, buffers, signal)) {
      read += chunk.byteLength;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    expect(read).toBe(bytes.length);
  });

  test('when cancelled → stops immediately', async () => {
    const source = await open();
    server.instead = () => true;
    const cancel = new AbortController();
    const reading = readPiece(source, 0, 1000, cancel.signal);
    setTimeout(() => cancel.abort(new Error('cancelled by the user')), 20);
    await expect(reading).rejects.toThrow('cancelled by the user');
  });
});

describe('a redirect', () => {
  test('→ followed, and its target is requested directly from then on', async () => {
    const source = await open(redirectTo('/disk.raw'));
    await readPiece(source, 0, 10, signal);
    await readPiece(source, 10, 10, signal);
    expect(server.requests.map((request) => request.path)).toEqual(['/from', '/disk.raw', '/disk.raw', '/disk.raw']);
  });

  test('whose target has expired → requested again', async () => {
    const source = await open(redirectTo('/signed-1'));
    await readPiece(source, 0, 10, signal);
    const plain = server.instead;
    server.instead = (path, response, range) => {
      if (path === '/signed-1') response.writeHead(403).end();
      else if (path === '/from') response.writeHead(302, { location: '/signed-2' }).end();
      else return plain(path, response, range);
      return true;
    };
    expect((await readPiece(source, 5, 10, signal)).equals(bytes.subarray(5, 15))).toBe(true);
  });

  test.each([
    ['http://169.254.169.254/latest/meta-data', 'AddressNotAllowed'],
    ['http://100.100.100.200/latest/meta-data', 'AddressNotAllowed'],
    ['http://[::1]:1/', 'AddressNotAllowed'],
    ['http://0177.0.0.2/', 'AddressNotAllowed'],
    ['file:///etc/passwd', 'NotSupported'],
    ['ftp://images.example.com/disk', 'NotSupported'],
    ['http://user:password@127.0.0.1/', 'CredentialsInUrl'],
    ['/from', 'RedirectLoop'],
  ])('to %s is refused', async (location, code) => {
    await expect(open(redirectTo(location))).rejects.toMatchObject(failure(code, 'request'));
  });

  test('to a host that the operator does not allow → refused', async () => {
    const url = redirectTo('http://images.example.com/');
    client = createHttpClient({ hosts: ['127.0.0.1'], addresses: ['127.0.0.1'], stallMs: 300, limits: QUICK });
    await expect(open(url)).rejects.toMatchObject(failure('HostNotAllowed', 'request'));
  });
});

test('a name that resolves to this host → refused', async () => {
  client = createHttpClient({ hosts: [], addresses: [], stallMs: 300, limits: QUICK });
  const url = new URL(server.url);
  url.hostname = 'localhost';
  await expect(open(url)).rejects.toMatchObject(failure('AddressNotAllowed', 'request'));
  expect(server.requests).toEqual([]);
});
