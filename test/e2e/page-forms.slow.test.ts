/** The views of the page that start, inspect, check and administrate, in a real browser on the emulator. */
import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run, temporaryFolder } from '../support/cli/run-cli.js';
import { BUCKET, DEMO_IMAGE, REGION, type Service, startService } from '../support/e2e/service.js';
import { violationsOf } from '../support/web/accessibility.js';
import { startBrowser } from '../support/web/browser.js';

const folder = temporaryFolder();
let service: Service;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), startBrowser()]);
  const { stdout } = await run(['open'], service.cliEnv);
  page = await (await browser.newContext({ acceptDownloads: true })).newPage();
  await page.goto(stdout.trim());
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
});
afterAll(async () => {
  await browser?.close();
  await service?.stop();
  await folder.remove();
});

const open = (path: string) => page.goto(`${service.apiUrl}/#/${path}`);
const field = (name: string) => page.getByLabel(name, { exact: false }).first();
const card = (name: string) => page.getByRole('region', { name, exact: true });

/** Opens the dialog of a change, confirms it, waits for the answer of the service, and closes the dialog with the keyboard. */
async function change(name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
  const dialog = page.getByRole('dialog');
  const confirm = dialog.getByRole('button', { name, exact: true });
  await confirm.click();
  await confirm.waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

describe('a new import', () => {
  test('typed wrong → its message at the field; inspected and planned → its verdict and plan; started → its page', async () => {
    await open('new');
    await field('Region').fill(REGION);
    await field('Image name').fill('!web');
    const name = page.locator('.form-field', { hasText: 'imageName' }).first();
    await name.getByRole('alert').waitFor();
    expect(await name.getByRole('textbox').getAttribute('aria-invalid')).toBe('true');
    await field('Image name').fill('page-01');
    await name.getByRole('alert').waitFor({ state: 'detached' });
    await field('Bucket').fill(BUCKET);
    await field('Source').fill(DEMO_IMAGE);

    await page.getByRole('button', { name: 'Inspect the image' }).click();
    await page.getByRole('link', { name: 'The verdict as a page to send' }).waitFor();
    await page.getByRole('button', { name: 'Make a plan' }).click();
    await page.getByRole('heading', { name: 'Settings of the image' }).waitFor();
    expect(await card('Check first').textContent()).toMatch(/oss:\/\/test-bucket\/[\s\S]*bootMode/);

    const line = await card('The same for other clients').locator('pre').first().textContent();
    expect(line).toContain('ecs-image-import import');
    expect(line).toContain('--name page-01');
    expect(await violationsOf(page)).toEqual([]);

    await page.getByRole('button', { name: 'Start the import' }).click();
    await page.waitForURL(/#\/imports\/imp-/);
    const id = page.url().slice(page.url().lastIndexOf('/') + 1);
    expect((await service.untilState(id, 'succeeded')).request).toMatchObject({ imageName: 'page-01', dryRun: false });
  });

  test('with a pasted text of a megabyte → its beginning, and the field reports it', async () => {
    await open('new');
    await field('Image name').fill('');
    await page.keyboard.insertText('x'.repeat(1_000_000));
    await page.getByText('This field takes 8,192 characters').waitFor();
    expect(await field('Image name').inputValue()).toHaveLength(8_192);
    await field('Image name').fill('web-01');
    await page.getByText('This field takes 8,192 characters').waitFor({ state: 'detached' });
  });

  test('that is sent without its fields → every problem is listed, and the first wrong field has the focus', async () => {
    await page.goto('about:blank');
    await open('new');
    await page.getByRole('button', { name: 'Start the import' }).click();
    await page.getByText('fields must be fixed').waitFor();
    await expect.poll(() => page.evaluate('document.activeElement.getAttribute("aria-invalid")')).toBe('true');
  });

  test('from an import that has ended, with another name → a retry with this change only', async () => {
    const id = await service.start({ imageName: 'page-before' });
    await service.untilState(id, 'succeeded');
    await open(`new?from=${id}`);
    await expect.poll(() => field('Image name').inputValue()).toBe('page-before');
    await field('Image name').fill('page-after');
    await page.getByRole('button', { name: 'Start the import' }).click();
    await page.waitForURL(/#\/imports\/imp-/);
    const { body } = await service.request('GET', `/v1/imports/${page.url().slice(-30)}`);
    expect(body.request).toMatchObject({ imageName: 'page-after', upload: { bucket: BUCKET } });
  });
});

test('an inspected image → its verdict under a link that another browser opens, in Chinese too', async () => {
  await open('inspect');
  await field('Path or file URL').fill(DEMO_IMAGE);
  await page.keyboard.press('Enter');
  await page.waitForURL(/#\/inspections\/ins-/);
  const link = page.url();
  await page.getByRole('heading', { name: 'From the firmware to the init program' }).waitFor();
  expect(await violationsOf(page)).toEqual([]);
  await page.reload();
  await page.getByRole('heading', { name: 'From the firmware to the init program' }).waitFor();
  expect(page.url()).toBe(link);

  await page.getByText('Display').click();
  await page.getByLabel('Language').selectOption('zh-CN');
  await page.getByRole('heading', { name: '从固件到 init 程序' }).waitFor();
  expect(await page.evaluate('document.documentElement.lang')).toBe('zh-CN');
  expect(await violationsOf(page)).toEqual([]);
  await page.getByLabel('语言').selectOption('en');
  await page.goBack();
  await page.getByText('Earlier inspections').first().waitFor();
  await page
    .getByRole('link', { name: /debian-demo/ })
    .first()
    .waitFor();
});

describe('a batch', () => {
  test('with an invalid line → shown with the line; corrected and started → paused, resumed and reported', async () => {
    const row = (name: string) => `${REGION},${name},file://${DEMO_IMAGE},${BUCKET}\n`;
    const file = `${folder.path}/fleet.csv`;
    writeFileSync(file, `region,imageName,source,bucket\n${row('fleet-01')}${row('!')}${row('fleet-01')}`);
    await open('batches/new');
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('2 of 3 items are invalid').waitFor();
    const bad = page.locator('.bad-line');
    expect(await bad.allInnerTexts()).toEqual([
      expect.stringMatching(/^Line 3[\s\S]*imageName/),
      expect.stringMatching(/^Line 4[\s\S]*line 2 has the same image name/),
    ]);
    expect(await violationsOf(page)).toEqual([]);

    const names = Array.from({ length: 30 }, (_, index) => `fleet-${index + 1}`);
    const text = `region,imageName,source,bucket\n${names.map(row).join('')}`;
    await page.getByLabel('Content of the file').fill(text);
    await field('At the same time').fill('1');
    await field('First waves').fill('2');
    await field('Error budget').fill('10%');
    await page.getByText('All 30 items are valid').waitFor();
    await page.getByRole('button', { name: 'Start 30 imports' }).click();
    await page.waitForURL(/#\/batches\/bat-/);

    await page.locator('.series').waitFor();
    await change('Pause');
    await page.getByText('Paused', { exact: true }).first().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    await change('Resume');
    await page.getByText('Running', { exact: true }).first().waitFor();

    await page.getByRole('link', { name: /^Succeeded/ }).click();
    await page.waitForURL(/state=succeeded/);
    await page.goBack();
    await page.waitForURL(/#\/batches\/bat-\w+$/);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Report as CSV' }).click();
    expect((await download).suggestedFilename()).toMatch(/^bat-.*\.csv$/);
    await change('Cancel');
    expect(await page.getByRole('status').allTextContents()).toContainEqual(
      expect.stringContaining('has accepted this'),
    );
  });
});

describe('the estate', () => {
  test('of an admin → orphans, a key that is shown once, its audit entry, a webhook and the settings', async () => {
    await open('estate/orphans');
    await page.getByRole('button', { name: 'Search the cloud' }).click();
    await page.getByText(/Nothing is left over|at list price/).waitFor();

    await page.getByRole('link', { name: 'Keys' }).click();
    await field('Name').fill('ada');
    await page.getByRole('button', { name: 'Create the key' }).click();
    const key = await page.locator('.note.good pre').textContent();
    expect(key).toMatch(/^eii_/);
    await page.getByRole('cell', { name: /ada/ }).waitFor();
    expect(await violationsOf(page)).toEqual([]);

    await page.getByRole('link', { name: 'Audit log' }).click();
    await field('Action').fill('keys.create');
    await page.getByRole('cell', { name: 'keys.create' }).waitFor();
    await page.getByRole('link', { name: 'Webhooks' }).click();
    await field('URL').fill('ftp://example.com');
    await page.getByRole('button', { name: 'Create the webhook' }).click();
    await page.getByText('must begin with https://').first().waitFor();
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    await page.getByRole('cell', { name: 'ECS_IMPORT_PORT' }).waitFor();
    expect(await violationsOf(page)).toEqual([]);

    // An operator has no estate, also by its address.
    const asOperator = { authorization: `Bearer ${key}` };
    const { body } = await service.request('POST', '/v1/session/codes', undefined, asOperator);
    const other = await (await browser.newContext()).newPage();
    await other.goto(`${service.apiUrl}/#sign-in=${body.code}`);
    await other.getByRole('link', { name: 'New import' }).first().waitFor();
    expect(await other.getByRole('link', { name: 'Estate' }).count()).toBe(0);
    await other.goto(`${service.apiUrl}/#/estate/settings`);
    await other.getByText('Your role may not see this').waitFor();
  });
});
