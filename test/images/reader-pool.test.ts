/** Readers are kept for the next image, and one that an image harmed harms no other image. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectImage } from '../../images/inspect.js';
import { createInspector } from '../../images/inspect-in-child.js';
import { DEMO, qcow2 } from '../support/images/made-images.js';

let home = '';
let small = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'readers-'));
  small = path.join(home, 'small.qcow2');
  writeFileSync(small, qcow2());
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Children of this process that read images. */
function readers(): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
      return Number(parent) === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('inspect-child');
    } catch {
      return false;
    }
  });
}

describe('images', () => {
  test('in a row are read by one process, each told as by itself', async () => {
    const before = readers();
    const inspect = createInspector();
    const alone = { small: await inspectImage(small), demo: await inspectImage(DEMO) };
    for (let round = 0; round < 3; round++) {
      expect(await inspect(small)).toEqual(alone.small);
      expect(await inspect(DEMO)).toEqual(alone.demo);
    }
    expect(readers().filter((pid) => !before.includes(pid))).toHaveLength(1);
  });

  test('at once are read by as many processes as there are processors', async () => {
    const inspect = createInspector();
    const before = readers();
    const all = await Promise.all(Array.from({ length: 12 }, () => inspect(small)));
    expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(readers().filter((pid) => !before.includes(pid)).length).toBeLessThanOrEqual(8);
  });

  test('behind one whose reader died are read all the same', async () => {
    const inspect = createInspector();
    const abort = new AbortController();
    const stopped = inspect(DEMO, { signal: abort.signal });
    abort.abort(new Error('cancelled'));
    await expect(stopped).rejects.toThrow('cancelled');
    expect(await inspect(small)).toMatchObject({ format: 'QCOW2' });
  });

  test('of a data disk and of a system disk are not mixed up', async () => {
    const inspect = createInspector();
    const [system, data] = [await inspect(DEMO), await inspect(DEMO, { role: 'data', moreDisks: true })];
    expect([system.platform, data.platform]).toEqual(['Debian', null]);
  });
});
