/** The command `inspect`, without a running service. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { inspectRequest } from '../../cli/inspect-request.js';
import { run } from '../../cli/run.js';
import { importVerdict } from '../../images/verdict/import-verdict.js';
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
  expect(out).toContain('boot       verified: firmware, boot loader, boot entry, kernel');
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

describe('the verdict is the one of an import with the same options', () => {
  const write = (name: string, bytes: Buffer) => {
    const file = path.join(home, name);
    writeFileSync(file, bytes);
    return file;
  };
  const unknown = () => write('unknown.bin', Buffer.alloc(MIB, 'text'));

  test.each([
    ['a blocking finding', () => path.join(home, 'overlay.qcow2'), [], 1, false],
    ['a blocking finding, --force', () => path.join(home, 'overlay.qcow2'), ['--force'], 0, true],
    ['an unknown format', unknown, [], 1, false],
    ['an unknown format, --force', unknown, ['--force'], 1, false],
    ['an unknown format, --force --format RAW', unknown, ['--force', '--format', 'raw'], 0, true],
    ['another format than the image has', () => DEMO, ['--format', 'VHD'], 1, false],
    ['another format than the image has, --force', () => DEMO, ['--format', 'VHD', '--force'], 1, false],
    ['the format that the image has', () => DEMO, ['--format', 'qcow2'], 0, true],
    ['another architecture', () => DEMO, ['--architecture', 'arm64', '--boot-mode', 'UEFI'], 1, false],
    [
      'another architecture, --force',
      () => DEMO,
      ['--architecture', 'arm64', '--boot-mode', 'UEFI', '--force'],
      0,
      true,
    ],
    ['another operating system', () => DEMO, ['--os-type', 'windows', '--license-type', 'BYOL'], 1, false],
    ['another digest', () => DEMO, ['--sha256', '0'.repeat(64), '--force'], 1, false],
    [
      'the digest of the file',
      () => DEMO,
      ['--sha256', createHash('sha256').update(readFileSync(DEMO)).digest('hex')],
      0,
      true,
    ],
    ['a blocking finding, --fail-on never', () => path.join(home, 'overlay.qcow2'), ['--fail-on', 'never'], 0, true],
    [
      'a disk size that is too small',
      () => write('large.raw', mbrDisk(1025 * MIB)),
      ['--disk-image-size', '1'],
      1,
      false,
    ],
  ] as const)('%s', async (_name, file, options, code, accepted) => {
    const { code: found, out } = await inspect(file(), '--json', ...options);
    expect(JSON.parse(out)).toMatchObject({ accepted });
    expect(found).toBe(code);
  });

  test('an option that no import accepts → exit code 2', async () => {
    expect((await inspect(DEMO, '--format', 'VMDK2')).code).toBe(2);
    expect((await inspect(DEMO, '--architecture', 'sparc')).code).toBe(2);
  });
});

test('an image that cannot be converted on this host → a blocking finding with the missing program', async () => {
  const inspection = inspectBytes(tar({ name: 'disk.raw.gz', bytes: gzipSync(mbrDisk(4 * MIB)) }));
  const verdict = await importVerdict(inspection, await inspectRequest('/images/disk.tar', {}), {
    qemuImg: async () => null,
    decompressor: async () => true,
  });
  expect(verdict).toMatchObject({ conversion: null, accepted: false });
  expect(verdict.findings).toContainEqual(expect.objectContaining({ code: 'Convert.NoQemuImg', severity: 'blocking' }));
});
