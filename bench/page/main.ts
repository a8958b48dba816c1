/**
 * npm run bench:page -- [--imports 100000] [--keep FOLDER]: loads a PostgreSQL of its own with imports, a tenth of them in one batch, starts
 * the API on it, and opens the views in Chromium. It prints for each how long until it shows rows, and its long tasks: times above 50 ms in
 * which the page does not react. docs/scale.md has the results.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { openPool } from '../../store/database.js';
import { migrate } from '../../store/migrate.js';
import { load, shapeOf } from '../store/load.js';
import { API_TOKEN, startApi, startPostgres, startTemporal } from '../store/servers.js';

const { values } = parseArgs({
  options: { imports: { type: 'string', default: '100000' }, keep: { type: 'string' } },
});
const IMPORTS = Number(values.imports);
const SCROLLS = 60;

const folder = values.keep ?? (await mkdtemp(path.join(tmpdir(), 'bench-page-')));
await mkdir(folder, { recursive: true });
const note = (line: string) => process.stderr.write(`${line}\n`);

const postgres = await startPostgres(folder, ['shared_buffers=1GB']);
const loaded = path.join(folder, 'loaded');
await migrate(postgres.url);
if (!existsSync(loaded)) {
  await load(postgres.url, shapeOf(IMPORTS), note);
  await writeFile(loaded, '');
}
const temporal = await startTemporal(await mkdtemp(path.join(folder, 'temporal-')));
const api = await startApi(postgres.url, temporal.url);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const pool = openPool({ url: postgres.url, applicationName: 'bench' });
  const { rows } = await pool.query<{ batch_id: string; id: string }>(
    `select batch_id, max(id) as id from ecs_image_import.imports where batch_id is not null group by batch_id order by count(*) desc limit 1`,
  );
  await pool.end();
  const [largest] = rows;
  const page = await browser.newPage({ viewport: { width: 1_440, height: 900 } });
  await page.addInitScript(
    `globalThis.longTasks = [];
     new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
       .observe({ type: 'longtask', buffered: true });`,
  );
  await page.goto(`${api.url}/`);
  await page.getByLabel(/token/i).fill(API_TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('.side').waitFor();

  console.log('| view | first rows, ms | long tasks | longest, ms | rows in the document |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  await measure(page, 'overview', '#/', '.figure');
  await measure(page, `list of ${IMPORTS} imports`, '#/imports', '.virtual-row');
  await measure(page, 'list, scrolled', '#/imports', '.virtual-row', scroll);
  if (largest !== undefined) {
    await measure(page, 'batch of a tenth', `#/batches/${largest.batch_id}`, 'h1');
    await measure(page, 'its imports, scrolled', `#/imports?batch=${largest.batch_id}`, '.virtual-row', scroll);
    await measure(page, 'one import', `#/imports/${largest.id}`, '.timeline');
  }
} finally {
  await browser.close();
  await api.stop();
  await temporal.stop();
  await postgres.stop();
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}

async function measure(
  page: Page,
  name: string,
  hash: string,
  rows: string,
  act: (page: Page) => Promise<void> = () => page.waitForTimeout(3_000),
): Promise<void> {
  const started = Date.now();
  await page.goto(`${api.url}/${hash}`);
  await page.reload();
  await page.locator(rows).first().waitFor();
  const firstMs = Date.now() - started;
  await act(page);
  const tasks = await page.evaluate<readonly number[]>('longTasks');
  const shown = await page.locator(rows).count();
  const longest = Math.round(Math.max(0, ...tasks));
  console.log(`| ${name} | ${firstMs} | ${tasks.length} | ${longest} | ${shown} |`);
}

/** As with a wheel, faster than pages arrive. */
async function scroll(page: Page): Promise<void> {
  await page.locator('.virtual').hover();
  for (let step = 0; step < SCROLLS; step++) {
    await page.mouse.wheel(0, 3_000);
    await page.waitForTimeout(100);
  }
}
