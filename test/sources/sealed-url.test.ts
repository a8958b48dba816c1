/** The query of a web source: encrypted where it is stored, sent to its own server only, and shown nowhere. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { amendedRequest } from '../../domain/request/amend.js';
import { validateRequest } from '../../domain/request/schema.js';
import { sealedRequest, shownJson, shownRequest, shownSource } from '../../domain/request/source-secrets.js';
import type { HttpAnswer, HttpClient } from '../../sources/http-request.js';
import { RETRY_LIMITS } from '../../sources/http-retries.js';
import { RATE_LIMITS } from '../../sources/rate-floor.js';
import { openingSealedUrls, openUrl, sealUrl } from '../../sources/sealed-url.js';

const SECRET = 'Signature=Zq81%2Fsecret&Expires=1';
const URL_TEXT = `https://images.example.com:8443/a%20b/disk.raw?${SECRET}`;
const one = { id: 'key-1', secret: createSecretKey(randomBytes(32)) };
const two = { id: 'key.2', secret: createSecretKey(randomBytes(32)) };
const keysOf = (...keys: readonly (typeof one)[]) => ({
  current: () => keys[0] ?? one,
  find: async (id: string) => keys.find((key) => key.id === id) ?? null,
});
const requestFor = (...sources: readonly string[]) => {
  const disks = sources.map((source) => ({ source }));
  const checked = validateRequest({ region: 'cn-hangzhou', imageName: 'web-01', upload: { bucket: 'images' }, disks });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.request;
};

describe('a sealed URL', () => {
  test('has no secret, is a valid source, and opens to the same URL, also after the key was rotated', async () => {
    const sealed = sealUrl(URL_TEXT, keysOf(one));
    expect(sealed).not.toContain('Zq81');
    expect(requestFor(sealed).disks[0]?.source).toBe(sealed);
    expect((await openUrl(new URL(sealed), keysOf(one))).href).toBe(URL_TEXT);
    expect((await openUrl(new URL(sealed), keysOf(two, one))).href).toBe(URL_TEXT);
    expect((await openUrl(new URL(sealUrl(URL_TEXT, keysOf(two))), keysOf(two))).href).toBe(URL_TEXT);
  });

  test.each([
    ['another host', (sealed: string) => sealed.replace('images.example.com', 'evil.example.com')],
    ['another path', (sealed: string) => sealed.replace('/disk.raw', '/other.raw')],
    ['another scheme', (sealed: string) => sealed.replace('https:', 'http:')],
    ['another port', (sealed: string) => sealed.replace(':8443', '')],
    ['other bytes', (sealed: string) => `${sealed.slice(0, -2)}${sealed.endsWith('AA') ? 'BB' : 'AA'}`],
    ['too few bytes', (sealed: string) => sealed.replace(/(sealed=1~key-1~).*/, '$1AAAA')],
  ])('with %s → attention, and the query is not revealed', async (_name, changed) => {
    const sealed = changed(sealUrl(URL_TEXT, keysOf(one)));
    const failure = await openUrl(new URL(sealed), keysOf(one)).catch((error: { failure: unknown }) => error.failure);
    expect(failure).toMatchObject({ code: 'Source.UrlUnreadable', class: 'attention' });
    expect(JSON.stringify(failure)).not.toContain('Zq81');
  });

  test('whose key is missing → attention that names the key', async () => {
    const sealed = new URL(sealUrl(URL_TEXT, keysOf(one)));
    for (const keys of [keysOf(two), null]) {
      await expect(openUrl(sealed, keys)).rejects.toMatchObject({
        failure: { code: 'Source.UrlUnreadable', message: expect.stringContaining('key-1') },
      });
    }
  });

  test('is opened by the HTTP client of the worker only: callers see the encrypted form, and where a redirect led', async () => {
    const asked: string[] = [];
    let answered = (url: URL) => url;
    const client: HttpClient = {
      limits: { ...RETRY_LIMITS, ...RATE_LIMITS },
      async get(url): Promise<HttpAnswer> {
        asked.push(url.href);
        return { status: 200, headers: {}, url: answered(url), pieces: async function* () {}, close: () => undefined };
      },
      close: () => undefined,
    };
    const sealed = new URL(sealUrl(URL_TEXT, keysOf(one)));
    const opening = openingSealedUrls(client, () => keysOf(one));
    const { signal } = new AbortController();
    expect((await opening.get(sealed, {}, signal)).url.href).toBe(sealed.href);
    expect(asked).toEqual([URL_TEXT]);
    answered = () => new URL('https://mirror.example.com/disk.raw');
    expect((await opening.get(sealed, {}, signal)).url.href).toBe('https://mirror.example.com/disk.raw');
    expect((await opening.get(new URL('https://h/plain'), {}, signal)).url.host).toBe('mirror.example.com');
    expect(asked.at(-1)).toBe('https://h/plain');
  });
});

describe('a request', () => {
  const seal = (source: string) => sealUrl(source, keysOf(one));

  test('is stored with sealed queries; other sources stay as they are', () => {
    const others = ['https://h.example/disk.raw', 'file:///images/a%3Fb.raw', 'oss://bucket/key.raw'];
    const stored = sealedRequest(requestFor(URL_TEXT, ...others), seal);
    expect(JSON.stringify(stored)).not.toContain('Zq81');
    expect(stored.disks.slice(1).map(({ source }) => source)).toEqual(others);
  });

  test('without payload keys → stored in its normal form, so that its query is found and not shown', () => {
    const odd = ` HTTPS://h.example/disk.raw?${SECRET}`;
    const stored = sealedRequest(requestFor(odd), (source) => sealUrl(source, null));
    expect(stored.disks[0]?.source).toBe(`https://h.example/disk.raw?${SECRET}`);
  });

  test('that is sealed twice by a client → the second seal is the query, which the server refuses', async () => {
    const twice = seal(seal(URL_TEXT));
    expect((await openUrl(new URL(twice), keysOf(one))).href).toContain('sealed=1~');
  });

  test('that is amended → the new URL is sealed, and an unchanged one is not sealed again', async () => {
    const stored = sealedRequest(requestFor(URL_TEXT, URL_TEXT), seal);
    const view = { request: stored, phase: 'preflight', image: null, attention: null } as const;
    const amended = amendedRequest(view, { 'disks[0].source': 'https://h.example/new.raw?sig=Zq82' });
    if (!amended.ok || amended.request === null) throw new Error('not amended');
    const sources = stored.disks.map(({ source }) => source);
    const [first, second] = sealedRequest(amended.request, seal, sources).disks;
    expect((await openUrl(new URL(first?.source ?? ''), keysOf(one))).search).toBe('?sig=Zq82');
    expect(second?.source).toBe(sources[1]);
  });

  test('stopped during the upload because its URL expired → a new URL can be set', () => {
    const attention = { code: 'Source.Forbidden', message: '', remedy: '', since: '' };
    const view = { request: requestFor(URL_TEXT), phase: 'upload', image: null, attention } as const;
    expect(amendedRequest(view, { 'disks[0].source': 'https://h.example/new.raw?sig=2' })).toMatchObject({ ok: true });
  });

  test('is shown without queries, as an object and in JSON texts of lists', () => {
    const request = requestFor(URL_TEXT, seal(URL_TEXT), 'https://h.example/disk.raw', 'file:///images/disk.raw');
    const shown = ['https://images.example.com:8443/a%20b/disk.raw', 'https://images.example.com:8443/a%20b/disk.raw'];
    expect(shownRequest(request).disks.map(({ source }) => source)).toEqual([
      ...[...shown, 'https://h.example/disk.raw', 'file:///images/disk.raw'],
    ]);
    for (const text of [JSON.stringify(request), JSON.stringify(request).replaceAll('":', '": ')]) {
      expect(JSON.parse(shownJson(text))).toEqual(shownRequest(request));
    }
  });

  test('whose texts look like a source → the texts are not changed', () => {
    const text = JSON.stringify({ description: '"source": "https://h.example/?a=b"', source: 'https://h/?quote=\\"x' });
    expect(JSON.parse(shownJson(text))).toEqual({
      description: '"source": "https://h.example/?a=b"',
      source: 'https://h/',
    });
  });
});

test.each([
  ['oss://bucket/key.raw', 'oss://bucket/key.raw'],
  ['https://h.example/disk.raw?a=b#part', 'https://h.example/disk.raw'],
  ['https://user:password@h.example/disk.raw', 'https://h.example/disk.raw'],
  ['no URL?', 'no URL?'],
])('%s is shown as %s', (source, shown) => {
  expect(shownSource(source)).toBe(shown);
});
