/** Makes the pictures of the page in docs/images/ from the data of `demo --keep`. Needs Chromium and a build. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Browser, chromium, type Page } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'docs/images');
const SIZE = { width: 1_440, height: 900 };
/** Until the batch of the demo has ended a part of its imports. */
const SCENE_MS = 20_000;

const demo = spawn(process.execPath, [path.join(root, 'dist/cli/main.js'), 'demo', '--keep'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  await mkdir(folder, { recursive: true });
  await takeAll(browser, await pageLink(demo));
} finally {
  await browser.close();
  if (demo.exitCode === null) {
    const ended = once(demo, 'exit');
    demo.kill('SIGINT');
    await ended;
  }
}

async function pageLink({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the demo has no output');
  for await (const line of createInterface({ input: stdout })) {
    const link = /^page (\S+)/.exec(line)?.[1];
    if (link === undefined) continue;
    stdout.resume();
    return link;
  }
  throw new Error('the demo printed no link to the page');
}

async function takeAll(chromiumBrowser: Browser, link: string): Promise<void> {
  const context = await chromiumBrowser.newContext({ viewport: SIZE, locale: 'en-GB', colorScheme: 'light' });
  const page = await context.newPage();
  await page.goto(link);
  await page.locator('.side').waitFor();
  await page.waitForTimeout(SCENE_MS);
  const base = link.slice(0, link.indexOf('#'));
  await take(page, `${base}#/`, 'page-overview');
  await take(page, `${base}#/imports`, 'page-imports');
  await page.getByRole('link', { name: 'demo-needs-role' }).click();
  await page.getByRole('region', { name: 'Action required' }).waitFor();
  await save(page, 'page-attention');
  await page.goto(`${base}#/batches`);
  await page.getByRole('link', { name: 'demo-fleet' }).first().click();
  await page.getByRole('heading', { name: 'demo-fleet' }).waitFor();
  await save(page, 'page-batch');
  await page.emulateMedia({ colorScheme: 'dark' });
  await take(page, `${base}#/`, 'page-overview-dark');
}

async function take(page: Page, url: string, name: string): Promise<void> {
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await save(page, name);
}

/** Charts are drawn after the first answer. */
async function save(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(2_500);
  await page.screenshot({ path: path.join(folder, `${name}.png`) });
}
