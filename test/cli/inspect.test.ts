/** The command `inspect`, without a running service. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { importVerdict } from '../../cli/import-verdict.js';
import { run } from '../../cli/run.js';
import { tar } from '../support/images/made-archives.js';
import { DEMO, inspectBytes, MIB, mbrDisk, qcow2 } from '../support/images/made-images.js';

let home = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'inspect-command-'));
  writeFileSync(path.join(home, 'overlay.qcow2'), qcow2({ backing: '/etc/passwd' }));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function inspect(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const written = { out: '', err: '' };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      written.out += text;
      return true;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.err += text;
      return true;
    }),
  ];
  try {
    const code = await run(['inspect', ...args]);
    return { code, ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test('an image without blocking findings → its facts and exit code 0', async () => {
  const { code, out } = await inspect(DEMO);
  expect(code).toBe(0);
  expect(out).toContain('Debian GNU/Linux 12 (bookworm), x86_64');
  expect(out).toMatch(/kernel +6\.1\.0-56-amd64/);
  expect(out).toContain('result: no blocking finding: 0 blocking');
});

test('an image with a blocking finding, --json → the finding and exit code 1', async () => {
  const file = path.join(home, 'overlay.qcow2');
  const { code, out, err } = await inspect(file, '--json');
  expect(code).toBe(1);
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({
    file,
    format: 'QCOW2',
    diskImageSizeGiB: 1,
    depth: 'container',
    findings: [{ code: 'ECSIMPORT.BackingFile', severity: 'blocking', evidence: 'header: backing file /etc/passwd' }],
  });
});

test('a missing file, a URL or no argument → exit code 2', async () => {
  const missing = await inspect(path.join(home, 'none'), '--json');
  expect(missing.code).toBe(2);
  expect(JSON.parse(missing.out)).toMatchObject({ code: 'Source.NotFound' });
  const address = await inspect('https://example.com/disk.qcow2');
  expect(address.code).toBe(2);
  expect(address.err).toContain('download the image');
  expect((await inspect()).code).toBe(2);
});

describe('an image that an import converts → exit code 0; with --as-is → 1', () => {
  test.each([
    ['a compressed image', 'disk.gz', () => gzipSync(mbrDisk(4 * MIB)), 'GZIP'],
    ['a tar archive', 'disk.tar', () => tar({ name: 'disk.raw', bytes: mbrDisk(4 * MIB) }), 'TAR'],
    ['a compressed archive', 'disk.tar.gz', () => gzipSync(tar({ name: 'disk.raw', bytes: mbrDisk(4 * MIB) })), 'GZIP'],
  ])('%s', async (_name, name, bytes, format) => {
    const file = path.join(home, name);
    writeFileSync(file, bytes());
    const converted = await inspect(file, '--json');
    expect(converted.code).toBe(0);
    const report: unknown = JSON.parse(converted.out);
    expect(report).toMatchObject({ format, conversion: 'converted' });
    expect(JSON.stringify(report)).not.toContain('ECSIMPORT.Format');
    const strict = await inspect(file, '--json', '--as-is');
    expect(strict.code).toBe(1);
    expect(JSON.parse(strict.out)).toMatchObject({
      conversion: null,
      findings: expect.arrayContaining([expect.objectContaining({ code: 'Convert.NotWanted', severity: 'blocking' })]),
    });
  });

  test('as text → the result names the conversion; --convert never is like --as-is', async () => {
    const file = path.join(home, 'text.gz');
    writeFileSync(file, gzipSync(mbrDisk(4 * MIB)));
    expect((await inspect(file)).out).toContain('an import converts it from GZIP');
    expect((await inspect(file, '--convert', 'never')).code).toBe(1);
  });

  test('an unknown way to convert → exit code 2', async () => {
    expect((await inspect(DEMO, '--convert', 'vmdk')).code).toBe(2);
  });
});

test('an image that cannot be converted on this host → a blocking finding with the missing program', async () => {
  const inspection = inspectBytes(tar({ name: 'disk.raw', bytes: mbrDisk(4 * MIB) }));
  const verdict = await importVerdict(inspection, 'auto', {
    qemuImg: async () => null,
    decompressor: async () => false,
  });
  expect(verdict.conversion).toBeNull();
  expect(verdict.findings).toContainEqual(expect.objectContaining({ code: 'Convert.NoQemuImg', severity: 'blocking' }));
});
