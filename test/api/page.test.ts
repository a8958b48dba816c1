/** The page as the API serves it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { routes } from '../../api/route.js';
import { pageRoutes } from '../../api/routes/page.js';

const folder = mkdtempSync(path.join(tmpdir(), 'page-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(path.join(folder, 'assets'));
writeFileSync(path.join(folder, 'index.html'), '<!doctype html>');
writeFileSync(path.join(folder, 'assets/main-1.js'), 'export {};');
writeFileSync(path.join(folder, 'assets/main-1.js.br'), brotliCompressSync('export {};'));

const app = pageRoutes(folder);
const ask = (at: string, headers: Record<string, string> = {}) => app.request(at, { headers });

test('the document → revalidated each time, and its policy allows no code but its own', async () => {
  const response = await ask('/');
  expect(response.headers.get('cache-control')).toBe('no-cache');
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(/default-src 'none'.*script-src 'self'.*require-trusted-types-for 'script'/);
  expect(policy).not.toMatch(/unsafe|http|\*/);
  const etag = response.headers.get('etag') ?? '';
  expect((await ask('/', { 'if-none-match': etag })).status).toBe(304);
  expect((await ask('/', { 'if-none-match': '"other"' })).status).toBe(200);
});

describe('an asset, whose name has a digest', () => {
  test('→ kept by browsers, compressed for those that read it', async () => {
    const compressed = await ask('/assets/main-1.js', { 'accept-encoding': 'gzip, deflate, br' });
    expect(compressed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(compressed.headers.get('content-encoding')).toBe('br');
    expect(brotliDecompressSync(Buffer.from(await compressed.arrayBuffer())).toString()).toBe('export {};');
    for (const accepted of ['', 'gzip', 'identity', 'br;q=0']) {
      const plain = await ask('/assets/main-1.js', { 'accept-encoding': accepted });
      expect(plain.headers.get('content-encoding'), accepted).toBeNull();
      expect(await plain.text()).toBe('export {};');
      expect(plain.headers.get('vary')).toBe('Accept-Encoding');
    }
  });

  test.each(['/assets/none.js', '/assets/main-1.js.br', '/assets/..%2Findex.html', '/assets/%00'])(
    '%s, which is none → not found',
    async (at) => {
      const all = routes();
      all.route('/', pageRoutes(folder));
      all.onError((error, context) => context.text(error.message, 404));
      expect((await all.request(at)).status).toBe(404);
    },
  );
});
