/** The page in a real browser: who gets in by a link, and that pages of other origins get nothing. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../support/cli/run-cli.js';
import { type Service, startService } from '../support/e2e/service.js';
import { startBrowser } from '../support/web/browser.js';

let service: Service;
let browser: Browser;
let importId: string;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), startBrowser()]);
  importId = await service.start();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

async function newLink(): Promise<string> {
  const { code, stdout } = await run(['open'], service.cliEnv);
  expect(code).toBe(0);
  return stdout.trim();
}

/** A page of a browser without cookies that has opened the link. */
async function openLink(link: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(link);
  return page;
}

/** Opens the link, and then the list of imports. */
async function openImports(link: string): Promise<Page> {
  const page = await openLink(link);
  await page.getByRole('link', { name: 'Imports', exact: true }).click();
  await page.getByText(importId).waitFor();
  return page;
}

const shown = (page: Page) => page.locator('body').textContent();

describe('a sign-in link', () => {
  test('signs in once: the page lists the imports, keeps the session, and shows no code; signing out ends it', async () => {
    const link = await newLink();
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#sign-in=[\w-]{43}$/);
    const page = await openImports(link);
    expect(page.url()).toBe(`${service.apiUrl}/#/imports`);
    expect(await shown(page)).toContain('the local user (admin)');
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    await page.reload();
    await page.getByText(importId).waitFor();

    const again = await openLink(link);
    await again.getByText('was used, or has expired').waitFor();
    expect(await shown(again)).not.toContain(importId);

    const token = await page.evaluate('localStorage.getItem("ecs-image-import.session")');
    const session = { cookie: `${cookie?.name}=${cookie?.value}`, 'x-ecs-import-session': String(token) };
    const status = async (headers: Record<string, string>, method = 'GET') =>
      (await fetch(`${service.apiUrl}/v1/imports${method === 'GET' ? '' : `/${importId}/hold`}`, { method, headers }))
        .status;
    expect(await status(session)).toBe(200);
    // Browsers send a cookie to every port of a host, and with simple requests of other origins.
    expect(await status({ cookie: session.cookie })).toBe(401);
    expect(await status({ 'x-ecs-import-session': session['x-ecs-import-session'] })).toBe(401);
    expect(await status(session, 'POST')).toBe(403);

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('Signed out.').waitFor();
    expect(await shown(page)).not.toContain(importId);
    expect(await status(session)).toBe(401);
  });

  test('that is opened twice at the same time → one browser signs in', async () => {
    const link = await newLink();
    const code = link.slice(link.indexOf('=') + 1);
    const exchange = () =>
      fetch(`${service.apiUrl}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: service.apiUrl },
        body: JSON.stringify({ code }),
      });
    const answers = await Promise.all(Array.from({ length: 8 }, exchange));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 7 }, () => 401)]);
  });
});

test('a revoked key → its sessions and codes have ended, and the audit log has the sign-in', async () => {
  const made = await service.request('POST', '/v1/keys', { name: 'ada', role: 'viewer' });
  const asKey = { authorization: `Bearer ${made.body.key}` };
  const newCode = async () => (await service.request('POST', '/v1/session/codes', undefined, asKey)).body.code;
  const exchange = async (code: string) =>
    await fetch(`${service.apiUrl}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: service.apiUrl },
      body: JSON.stringify({ code }),
    });
  const signedIn = await exchange(await newCode());
  const { token, identity } = JSON.parse(await signedIn.text());
  expect(identity).toMatchObject({ id: `key:${made.body.prefix}`, name: 'ada', role: 'viewer' });
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const session = { cookie, 'x-ecs-import-session': token, origin: service.apiUrl };
  const call = async (method: string, route: string) =>
    (await fetch(`${service.apiUrl}${route}`, { method, headers: session })).status;
  expect(await call('GET', '/v1/imports')).toBe(200);
  expect(await call('POST', `/v1/imports/${importId}/cancel`)).toBe(403);

  const unused = await newCode();
  await service.request('POST', `/v1/keys/${made.body.prefix}/revoke`);
  expect(await call('GET', '/v1/imports')).toBe(401);
  expect((await exchange(unused)).status).toBe(401);
  const audit = JSON.stringify((await service.request('GET', '/v1/audit')).body);
  expect(audit).toContain('sessions.start');
  expect(audit).not.toContain(token);
});

describe('a page of another origin, in a browser that is signed in', () => {
  const foreign = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><title>foreign</title>');
  });
  afterAll(() => {
    foreign.close();
  });

  test('another port of this machine → it reads nothing, changes nothing, and cannot frame the page', async () => {
    foreign.listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const address = foreign.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const page = await openImports(await newLink());
    const before = (await service.calls('ImportImage')).length;
    const other = await page.context().newPage();
    await other.goto(`http://127.0.0.1:${port}/`);
    const attempts = await other.evaluate(
      async ([api, id]) => {
        const attempt = async (
          method: string,
          route: string,
          headers: Record<string, string>,
          mode: 'cors' | 'no-cors',
        ) => {
          const body = method === 'GET' ? null : '{}';
          return await fetch(`${api}${route}`, { method, headers, mode, credentials: 'include', body }).then(
            ({ type }) => type,
            () => 'refused by the browser',
          );
        };
        return [
          await attempt('GET', '/v1/imports', {}, 'cors'),
          await attempt('GET', '/v1/session', { 'x-ecs-import-session': 'guess' }, 'cors'),
          await attempt('POST', `/v1/imports/${id}/cancel`, { 'content-type': 'text/plain' }, 'no-cors'),
          await attempt('POST', `/v1/imports/${id}/cancel`, { 'content-type': 'application/json' }, 'cors'),
          await attempt('DELETE', '/v1/session', {}, 'cors'),
        ];
      },
      [service.apiUrl, importId] as const,
    );
    const refused = 'refused by the browser';
    expect(attempts).toEqual(Array.from({ length: 5 }, () => refused));
    await other.setContent(`<iframe src="${service.apiUrl}/"></iframe>`);
    const frame = await other.waitForSelector('iframe').then((element) => element.contentFrame());
    expect(await frame?.locator('main').count()).toBe(0);

    const view = await service.untilState(importId, 'succeeded', 'failed', 'cancelled');
    expect(view.state).not.toBe('cancelled');
    expect((await service.calls('ImportImage')).length).toBeGreaterThanOrEqual(before);
    await page.reload();
    await page.getByText(importId).waitFor();
  });
});

test('a new key in api-token → the old key and its sessions are not valid any more', async () => {
  const page = await openImports(await newLink());
  rmSync(path.join(service.dataDir, 'api-token'));
  service.kill('api');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(await shown(page)).not.toContain(importId);
  expect((await service.send('/v1/imports')).status).toBe(401);
});
