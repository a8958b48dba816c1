/** The views of imports in a real browser: what a user sees and does, also offline, in two tabs, as a viewer, and below a path. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requestFor, type Service, startService } from '../support/e2e/service.js';
import { violationsOf } from '../support/web/accessibility.js';
import { startBrowser } from '../support/web/browser.js';
import { startPrefixProxy } from '../support/web/prefix-proxy.js';

const FIRST_LOAD_BYTES = 150 * 1024;

let service: Service;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What no page may do: other hosts, refused by the policy, errors of its code. */
const unwanted: string[] = [];

async function newContext(options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
  const made = await browser.newContext({ viewport: { width: 1_440, height: 900 }, locale: 'en-GB', ...options });
  made.on('page', (opened) => {
    opened.on('pageerror', (error) => unwanted.push(error.message));
    opened.on('console', (message) => {
      if (/Content Security Policy|Trusted/i.test(message.text())) unwanted.push(message.text());
    });
    opened.on('request', (request) => {
      if (new URL(request.url()).hostname !== '127.0.0.1') unwanted.push(request.url());
    });
  });
  return made;
}

async function signInWithToken(opened: Page, token: string, at = `${service.apiUrl}/`): Promise<void> {
  await opened.goto(at);
  await opened.getByRole('textbox', { name: /token|令牌/i }).fill(token);
  await opened.locator('button[type=submit]').click();
  await opened.locator('.side').waitFor();
}

const open = (hash: string) => page.goto(`${service.apiUrl}/${hash}`);
const importNamed = async (imageName: string, more: Record<string, unknown> = {}) =>
  await service.start(requestFor({ imageName, ...more }));

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), startBrowser()]);
  context = await newContext();
  page = await context.newPage();
  await signInWithToken(page, service.stack.apiToken);
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
});

test('the first load → below 150 KiB as sent', async () => {
  const sizes = await page.evaluate<readonly number[]>(
    `['resource', 'navigation'].flatMap((type) => performance.getEntriesByType(type))
       .filter(({ name }) => !name.includes('/v1/') && !name.endsWith('/readyz'))
       .map(({ encodedBodySize }) => encodedBodySize)`,
  );
  expect(sizes.length).toBeGreaterThan(2);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(FIRST_LOAD_BYTES);
});

test('imports stop for one cause → the overview groups them, and one button resumes all', async () => {
  await service.settings({ account: { arrearage: true } });
  const ids = await Promise.all([importNamed('stopped-1'), importNamed('stopped-2')]);
  await open('#/');
  const cause = page.getByRole('listitem').filter({ hasText: '2 imports stopped' });
  await cause.getByText('Account.Arrearage').waitFor({ timeout: 60_000 });
  await service.settings({ account: { arrearage: false } });
  await cause.getByRole('button', { name: 'Resume all 2 imports' }).click();
  const dialog = page.getByRole('dialog', { name: 'Resume 2 imports' });
  await dialog.getByText('Pay the bill').waitFor();
  await dialog.getByRole('button', { name: 'Resume all 2 imports' }).click();
  await dialog.getByText('The API has accepted the resume of 2 imports.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  for (const id of ids) expect((await service.untilState(id, 'succeeded', 'failed')).state).toBe('succeeded');
  await cause.waitFor({ state: 'detached' });
});

test('one import that stopped → says why, is fixed by a changed field and resumed, and its end is shown without a reload', async () => {
  const bucket = 'views-bucket';
  await service.makeBucket(bucket);
  await service.settings({ account: { ossEnabled: false } });
  const id = await importNamed('one-stopped', { upload: { bucket, prefix: 'imports/' } });
  await open(`#/imports/${id}`);
  const panel = page.getByRole('region', { name: 'Action required' });
  await panel.waitFor({ timeout: 60_000 });
  const { attention } = await service.get(id);
  expect(await panel.textContent()).toContain(attention?.remedy);
  await service.settings({ account: { ossEnabled: true } });
  await panel.getByRole('button', { name: 'Resume' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Change a field' }).click();
  await dialog.getByLabel('Field', { exact: true }).fill('description');
  await dialog.getByLabel('New value').fill('resumed on the page');
  await dialog.getByRole('button', { name: 'Resume' }).click();
  await dialog.getByText('Accepted. State reported by the API:').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.locator('.page-head').getByText('Succeeded').waitFor({ timeout: 60_000 });
  expect((await service.get(id)).request).toMatchObject({ description: 'resumed on the page' });
  await page.getByText(/Waited for a user for/).waitFor();

  await page.getByRole('link', { name: /Ledger/ }).click();
  await page.getByRole('region', { name: 'Exists now' }).first().waitFor();
  expect(await page.locator('main').textContent()).toContain((await service.get(id)).image?.imageId);
  await page.getByRole('link', { name: /Findings/ }).click();
  await page.getByText('cloud-init is not installed').first().waitFor();
  await page.goBack();
  await page.getByRole('region', { name: 'Exists now' }).first().waitFor();
  await page.reload();
  await page.getByRole('region', { name: 'Exists now' }).first().waitFor();
});

describe('the list', () => {
  test('filters → in the address, kept by a reload, undone by the back button', async () => {
    await open('#/imports');
    await page.getByRole('link', { name: 'one-stopped' }).waitFor();
    await page.getByRole('link', { name: 'Failed', exact: true }).click();
    await page.getByText('No import matches').waitFor();
    expect(page.url()).toContain('#/imports?state=failed');
    await page.goBack();
    await page.getByRole('link', { name: 'one-stopped' }).waitFor();
    await page.getByLabel('Search by name').fill('stopped');
    await page.waitForURL(/name=stopped/);
    await page.reload();
    await page.getByText('3 imports').waitFor();
    expect(await page.getByLabel('Search by name').inputValue()).toBe('stopped');
  });

  test('selected imports → a summary by the API, and then what it did', async () => {
    await service.settings({ importSeconds: 600 });
    const [first, second] = await Promise.all([importNamed('many-1'), importNamed('many-2')]);
    const ended = (await service.get(first)).id;
    await open('#/imports?name=many');
    await page.getByRole('checkbox', { name: 'Select many-1' }).check();
    await page.getByRole('checkbox', { name: 'Select many-2' }).check();
    await page.getByRole('region', { name: 'Change several imports' }).getByRole('button', { name: 'Cancel' }).click();
    const dialog = page.getByRole('dialog', { name: 'Cancel imports' });
    await dialog.getByText(/2 imports stop, and what they created/).waitFor();
    expect((await service.get(ended)).state).toBe('running');
    await dialog.getByRole('button', { name: 'Cancel 2 imports' }).click();
    await dialog.getByText('The API has accepted the cancel of 2 imports.').waitFor();
    for (const id of [first, second]) {
      expect((await service.untilState(id, 'cancelled', 'succeeded')).state).toBe('cancelled');
    }
    await dialog.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('row').filter({ hasText: 'many-1' }).getByText('Cancelled').waitFor();
    await service.settings({ importSeconds: 0.5 });
  });
});

test('offline → says since when and keeps what it showed; online again → continues', async () => {
  await service.settings({ importSeconds: 600 });
  const id = await importNamed('offline-1');
  await open(`#/imports/${id}`);
  await page.locator('.page-head').getByText('Running').waitFor();
  await context.setOffline(true);
  await page.getByText('Offline since').waitFor({ timeout: 60_000 });
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('offline-1');
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  await service.untilState(id, 'cancelled');
  await context.setOffline(false);
  await page.locator('.page-head').getByText('Cancelled').waitFor();
  await page.getByText('Offline since').waitFor({ state: 'detached' });
  await service.settings({ importSeconds: 0.5 });
});

test('a viewer → sees imports, and no control that changes something', async () => {
  await service.settings({ importSeconds: 600 });
  const id = await importNamed('seen-1');
  const made = await service.request('POST', '/v1/keys', { name: 'ada', role: 'viewer' });
  const viewer = await newContext();
  const own = await viewer.newPage();
  await signInWithToken(own, made.body.key, `${service.apiUrl}/#/imports/${id}`);
  await own.getByRole('heading', { name: 'seen-1' }).waitFor();
  expect(await own.getByRole('button', { name: /Cancel|Resume|Retry/ }).count()).toBe(0);
  await own.goto(`${service.apiUrl}/#/imports?name=seen`);
  await own.getByRole('link', { name: 'seen-1' }).waitFor();
  expect(await own.getByRole('checkbox').count()).toBe(0);
  expect(await own.getByRole('link', { name: 'New import' }).count()).toBe(0);
  await viewer.close();
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  await service.settings({ importSeconds: 0.5 });
});

test('each view → no violation of accessibility rules, light and dark, and no overflow from 360 px to 4K', async () => {
  const [last] = (await service.request('GET', '/v1/imports?name=one-stopped')).body.imports;
  const views = ['', 'imports', 'imports?state=succeeded', `imports/${last.id}`].map((view) => `#/${view}`);
  const tabs = ['findings', 'ledger', 'request', 'events'].map((tab) => `#/imports/${last.id}?tab=${tab}`);
  const found: string[] = [];
  for (const [width, colorScheme] of [
    [1_440, 'light'],
    [360, 'dark'],
    [3_840, 'light'],
  ] as const) {
    const sized = await newContext({
      viewport: { width, height: 900 },
      colorScheme,
      storageState: await context.storageState(),
    });
    const own = await sized.newPage();
    for (const view of [...views, ...tabs]) {
      await own.goto(`${service.apiUrl}/${view}`);
      await own.getByRole('heading', { level: 1 }).waitFor();
      await own.locator('.skeleton').first().waitFor({ state: 'detached' });
      const overflow = await own.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (Number(overflow) > 0) found.push(`${view} at ${width}: ${overflow} px too wide`);
      // The widest one differs by its width only.
      if (width < 3_840)
        found.push(...(await violationsOf(own)).map((one) => `${view} at ${width} ${colorScheme}: ${one}`));
    }
    await sized.close();
  }
  expect(found).toEqual([]);
});

test('the keyboard → reaches the content, an import of the list, and closes a dialog', async () => {
  await open('#/imports?name=one-stopped');
  await page.reload();
  await page.getByRole('link', { name: 'one-stopped' }).waitFor();
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('main');
  await page.getByRole('link', { name: 'one-stopped' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Retry' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Retry');
});

test('a browser in Chinese → Chinese, and the choice of another language is kept', async () => {
  const chinese = await newContext({ locale: 'zh-CN' });
  const own = await chinese.newPage();
  await signInWithToken(own, service.stack.apiToken);
  await own.getByRole('heading', { name: '概览' }).waitFor();
  expect(await own.evaluate('document.documentElement.lang')).toBe('zh-CN');
  await own.getByText('显示', { exact: true }).click();
  await own.getByLabel('语言').selectOption('English');
  await own.getByRole('heading', { name: 'Overview' }).waitFor();
  await own.reload();
  await own.getByRole('heading', { name: 'Overview' }).waitFor();
  await chinese.close();
});

test('below the path of a proxy → signs in, lists and follows imports', async () => {
  const proxy = await startPrefixProxy(service.apiUrl, '/cloud/images/');
  const behind = await newContext();
  const own = await behind.newPage();
  await signInWithToken(own, service.stack.apiToken, `${proxy.url}#/imports?name=one-stopped`);
  await own.getByRole('link', { name: 'one-stopped' }).click();
  await own.getByRole('link', { name: /Events/ }).click();
  await own.getByText('image created').first().waitFor();
  expect(own.url()).toMatch(/\/cloud\/images\/#\/imports\/imp-\w+\?tab=events$/);
  await behind.close();
  proxy.close();
});

test('two tabs → one signs out, and the other shows no data any more', async () => {
  const other = await context.newPage();
  await other.goto(`${service.apiUrl}/#/imports`);
  await other.getByRole('link', { name: 'one-stopped' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Signed out.').waitFor();
  await other.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(await other.locator('body').textContent()).not.toContain('one-stopped');
});

test('in all of this → no request to another host, nothing that the policy refuses, no error of the page', () => {
  expect(unwanted).toEqual([]);
});
