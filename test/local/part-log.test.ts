import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PartLog } from '../../local/supervisor/part-log.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'part-log-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a reopened log → appends, and its files stay below about twice the size limit', async () => {
  const file = path.join(folder, 'api.log');
  for (let run = 0; run < 3; run += 1) {
    const log = new PartLog(file, 10_000);
    for (let line = 0; line < 200; line += 1) log.write(`run ${run} line ${line} ${'x'.repeat(80)}\n`);
    log.close();
  }
  expect(await readFile(file, 'utf8')).toContain('run 2 line 199');
  expect((await stat(file)).size + (await stat(`${file}.1`)).size).toBeLessThan(21_000);
});

test('a log file that cannot be written → no error, and the last lines are available', () => {
  const log = new PartLog(path.join(folder, 'no such folder', 'api.log'));
  log.write('first\nsec');
  log.write('ond\n\nunfinished');
  expect(log.lastLines(2)).toEqual(['second', 'unfinished']);
});
