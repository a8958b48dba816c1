/** Wrong input: one message with cause and remedy, the correct exit code, and no remaining resources. */
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBucket, type Ran, run, temporaryFolder, type Up, up } from '../support/cli/run-cli.js';
import { DEMO_IMAGE, type EmulatorState } from '../support/e2e/service.js';

const REGION = 'cn-hangzhou';
const folder = temporaryFolder();
let service: Up;

beforeAll(async () => {
  service = await up(path.join(folder.path, 'data'));
  await makeBucket(service.emulator, 'here', REGION);
  await makeBucket(service.emulator, 'elsewhere', 'cn-beijing');
  const settings = { importSeconds: 0.2, detectionSeconds: 0.1 };
  await fetch(`${service.emulator}/_emulator/settings`, { method: 'POST', body: JSON.stringify(settings) });
});

afterAll(async () => {
  await service?.stop();
  folder.remove();
});

async function cloud(): Promise<EmulatorState> {
  return JSON.parse(await (await fetch(`${service.emulator}/_emulator/state`)).text());
}

function importIt(source: string, options: readonly string[] = []): Promise<Ran> {
  const names = options.includes('--name') ? [] : ['--name', 'bad-input'];
  const bucket = options.includes('--bucket') ? [] : ['--bucket', 'here'];
  const region = options.includes('--region') ? [] : ['--region', REGION];
  return run(['import', source, ...region, ...bucket, ...names, ...options, '--api', service.api]);
}

function expectOneLine(text: string): void {
  expect(text.trim().split('\n')).toHaveLength(1);
  expect(text).not.toMatch(/\n\s+at /);
}

describe('a source', () => {
  const files: Record<string, string> = {
    missing: path.join(folder.path, 'missing.qcow2'),
    empty: path.join(folder.path, 'empty.qcow2'),
    directory: path.join(folder.path, 'directory'),
  };
  writeFileSync(files.empty ?? '', '');
  mkdirSync(files.directory ?? '');

  test.each([
    ['missing', 'Source.NotFound', /missing\.qcow2 does not exist/],
    ['empty', 'Source.Empty', /empty\.qcow2 is empty/],
    ['directory', 'Source.NotAFile', /is a directory/],
  ])('that is %s → fails before any upload', async (name, code, message) => {
    const ran = await importIt(files[name] ?? '');
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain(code);
    expect(ran.stdout).toMatch(message);
    expect(ran.stdout).toMatch(/remedy: \S/);
    expect(await cloud()).toMatchObject({ images: [], objects: [], uploads: [] });
  });

  test('that is not a disk image → fails before any upload with a remedy', async () => {
    const file = path.join(folder.path, 'notes.qcow2');
    writeFileSync(file, 'this is a text file, not a disk image\n'.repeat(100));
    const ran = await importIt(file);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/remedy: \S/);
    expect(await cloud()).toMatchObject({ images: [], objects: [], uploads: [] });
  });
});

describe('a request', () => {
  test('with several invalid fields → rejected with one line for each, which names the option, and exit code 2', async () => {
    const ran = await importIt(DEMO_IMAGE, ['--name', '1', '--architecture', 'sparc', '--disk-image-size', '4000']);
    expect(ran.code).toBe(2);
    for (const field of ['--name (imageName)', '--architecture', '--disk-image-size (disks[0].diskImageSize)']) {
      expect(ran.stderr.split('\n').some((line) => line.startsWith(`${field} `))).toBe(true);
    }
    expect(await cloud()).toMatchObject({ images: [], objects: [] });
  });

  test.each([
    ['an unknown region', ['--region', 'cn-atlantis'], /cn-atlantis/],
    ['an unknown bucket', ['--bucket', 'nobodys-bucket'], /nobodys-bucket|NoSuchBucket/],
    ['a bucket in another region', ['--bucket', 'elsewhere'], /bucket elsewhere is not in cn-hangzhou/],
  ])('with %s → fails in preflight and reports it', async (_, options, message) => {
    const ran = await importIt(DEMO_IMAGE, options);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(message);
    expect(ran.stdout).toMatch(/remedy: \S/);
    expect(await cloud()).toMatchObject({ images: [], objects: [], uploads: [] });
  });

  test('with the name of an existing image → fails and does not change that image', async () => {
    expect((await importIt(DEMO_IMAGE, ['--name', 'taken'])).code).toBe(0);
    const ran = await importIt(DEMO_IMAGE, ['--name', 'taken']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('InvalidImageName.Duplicated');
    expect((await cloud()).images).toHaveLength(1);
  });
});

describe('an unknown id', () => {
  test.each(['status', 'watch', 'cancel', 'resume', 'report'])('%s reports it in one line', async (command) => {
    const ran = await run([command, 'imp-00000000000000000000000000', '--api', service.api]);
    expect(ran.code).toBe(2);
    expectOneLine(ran.stderr);
    expect(ran.stderr).toContain('import imp-00000000000000000000000000 does not exist');
  });
});

describe('an unreachable service', () => {
  const nowhere = 'http://127.0.0.1:9';

  test('list reports its address and the remedy, and a stack trace only with --debug', async () => {
    const ran = await run(['list', '--api', nowhere]);
    expect(ran.code).toBe(5);
    expectOneLine(ran.stderr);
    expect(ran.stderr).toMatch(/can't be reached.*ecs-image-import up/);
    expect((await run(['list', '--api', nowhere, '--debug'])).stderr).toMatch(/\n\s+at /);
  });

  test.each([
    ['TEMPORAL_ADDRESS', '127.0.0.1:9', /^Temporal at 127\.0\.0\.1:9 can't be reached/],
    ['DATABASE_URL', 'postgres://someone:geheim@127.0.0.1:9/none', /^PostgreSQL at DATABASE_URL/],
  ])('up reports an unreachable %s before it starts anything, without the password', async (name, value, message) => {
    const ran = await run(['up', '--data', path.join(folder.path, name)], { [name]: value });
    expect(ran.code).toBe(5);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr).not.toContain('geheim');
  });
});

test('up with a port in use → reports the port and starts nothing', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const ran = await run(['up', '--port', String(port), '--data', path.join(folder.path, 'taken')]);
  server.close();
  expect(ran.code).not.toBe(0);
  expect(ran.stderr).toContain(String(port));
  expectOneLine(ran.stderr);
});

test('an unknown command or option → exit code 2', async () => {
  expect((await run(['imprt'])).code).toBe(2);
  expect((await run(['list', '--colour'])).code).toBe(2);
});
