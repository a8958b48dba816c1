/** The command line of a request: options that the command has, and the request that they make again. */
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addImport } from '../../cli/commands/import.js';
import { importRequest } from '../../cli/import-request.js';
import { validateRequest } from '../../domain/request/schema.js';
import { commandLine } from '../../web/views/new/command-line.js';
import { differences, type Json, REQUEST_SCHEMA, withValue } from '../../web/views/new/draft.js';

/** As a shell splits the line: words, single quotes, and a backslash at the end of a line. */
function wordsOf(line: string): readonly string[] {
  const words = line.replaceAll('\\\n', ' ').match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? [];
  return words.map((word) => word.replaceAll(/'([^']*)'|\\'/g, (whole, inside) => (whole === "\\'" ? "'" : inside)));
}

async function requestOf(line: string): Promise<unknown> {
  const program = new Command().exitOverride();
  addImport(program);
  const [command] = program.commands;
  command?.action(() => undefined).exitOverride();
  const [, , ...words] = wordsOf(line);
  command?.parse(words, { from: 'user' });
  return await importRequest(command?.args[0], command?.opts() ?? {}, '/');
}

const base: Json = {
  ...{ region: 'cn-hangzhou', imageName: 'web-01', upload: { bucket: 'images' } },
  disks: [{ source: 'https://images.example.com/web 01.qcow2' }],
};
const full: Json = {
  ...base,
  ...{ description: "it's new", architecture: 'x86_64', osType: 'linux', platform: 'Ubuntu', bootMode: 'UEFI' },
  disks: [
    { source: 'oss://images/a.qcow2', format: 'QCOW2', diskImageSize: 40 },
    { source: 'oss://images/b.vhd', format: 'VHD', diskImageSize: 100 },
  ],
  tags: { team: 'web', 'cost.center': '42' },
  features: { nvmeSupport: 'supported', imdsSupport: 'v2' },
  upload: { bucket: 'images', prefix: 'p/', convert: 'never', trim: 'free-space', keepObject: true },
  ...{ role: 'verify', detection: { strategy: 'Standard', wait: false, failOn: 'warning' } },
  inspection: { failOn: 'never', bootCheck: true },
  distribute: { regions: ['cn-beijing', 'cn-shanghai'], shareWith: ['1234567890123456'], encrypt: true },
  dryRun: true,
};

test.each([
  ['only what is needed', base],
  ['every field that has an option', full],
])('a request with %s → a command line that makes the same request', async (_case, draft) => {
  const line = commandLine(draft);
  const [again, given] = [validateRequest(await requestOf(line ?? '')), validateRequest(draft)];
  expect(again.ok && again.request).toEqual(given.ok && given.request);
});

test('a field that no option expresses → no command line', () => {
  expect(commandLine({ ...base, inspection: { failOn: 'warning' } })).toBeNull();
});

test('the schema of the form → has every field of a request, with its text', () => {
  expect(Object.keys(REQUEST_SCHEMA.properties ?? {})).toEqual(
    expect.arrayContaining(['region', 'imageName', 'disks', 'upload', 'distribute', 'dryRun']),
  );
  expect(REQUEST_SCHEMA.properties?.upload?.properties?.bucket?.description).toMatch(/bucket/);
});

test('a value that is set and removed again → the draft as before', () => {
  const set = withValue(base, ['features', 'imdsSupport'], 'v2');
  expect(set).toMatchObject({ features: { imdsSupport: 'v2' } });
  expect(withValue(set, ['features', 'imdsSupport'], undefined)).toEqual(base);
  const disks = withValue(base, ['disks', 1], { source: 'oss://images/b.vhd' });
  expect(withValue(disks, ['disks', 1], undefined)).toEqual(base);
  expect(differences(base, withValue(set, ['imageName'], 'web-02'))).toEqual({
    features: { imdsSupport: 'v2' },
    imageName: 'web-02',
  });
});
