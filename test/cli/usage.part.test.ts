/** Wrong usage of any command: what is wrong, where its help is, exit code 2, and a problem document with --json. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runInProcess } from '../support/cli/run-in-process.js';

const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-usage-'));
const inFolder = (name: string) => path.join(folder, name);
mkdirSync(inFolder('folder.yaml'));
writeFileSync(inFolder('list.yaml'), '- a\n');
writeFileSync(inFolder('broken.yaml'), 'region: [cn-hangzhou\nname: x\n');
writeFileSync(inFolder('items.txt'), 'a');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A command that reaches the API fails with exit code 5. */
const NOWHERE = ['--api', 'http://127.0.0.1:9'];

const COMMANDS = [
  ...['demo', 'up', 'open', 'doctor', 'import', 'inspect', 'list', 'status', 'watch', 'cancel', 'resume', 'report'],
  ...[
    'payload-keys rotate',
    'policy',
    'migrate',
    'orphans',
    'reconcile',
    'release',
    'holds',
    'worker',
    'api',
    'batch create',
    'batch list',
    'batch report',
    'batch status',
  ],
  ...['logs', 'retry', 'completion', 'version', 'batch watch'],
  ...['config show', 'config list', 'config set', 'config unset', 'config use', 'config path'],
  ...['audit', 'keys list', 'keys rotate', 'keys revoke'],
  ...['webhooks list', 'webhooks test', 'webhooks deliveries', 'webhooks redeliver'],
  ...['webhooks rotate', 'webhooks enable', 'webhooks delete'],
  ...['batch pause', 'batch resume', 'batch cancel', 'batch retry', 'batch policy'],
];

const WRONG: readonly (readonly [args: string, message: RegExp, help: string])[] = [
  ...COMMANDS.map((command) => [`${command} --colour`, /unknown option '--colour'/, command] as const),
  ['keys create', /required option '--role <role>' not specified/, 'keys create'],
  ['keys create --role root', /'root' is invalid. Allowed choices are viewer, operator, admin/, 'keys create'],
  ['keys rotate k --overlap 5', /Give a number of minutes, hours or days: 30m, 12h, 90d/, 'keys rotate'],
  ['audit --since yesterday', /Give a time such as 2026-11-01T20:00:00Z/, 'audit'],
  ['hold imp-1', /required option '--reason <text>' not specified/, 'hold'],
  ['imprt', /unknown command 'imprt'.*\(Did you mean import\?\)/, ''],
  ['batch crate', /unknown command 'crate'.*\(Did you mean create\?\)/, 'batch'],
  ['list --stat running', /unknown option '--stat'.*\(Did you mean --state\?\)/, 'list'],
  ['list --limit', /option '--limit <n>' argument missing/, 'list'],
  ['list --state done', /'done' is invalid. Allowed choices are running, attention/, 'list'],
  ...['0', '-1', '1.5', '1e3', '0x10', ' 1', 'x', '99999999999999999999'].map(
    (value) =>
      [`list --limit=${value}`, /'--limit <n>' argument '.*' is invalid. Give a whole number from 1/, 'list'] as const,
  ),
  ...['-1', '65536', '0x50', ' 80', ''].map(
    (value) =>
      [`up --port=${value}`, /'--port <n>' argument '.*' is invalid. Give a port from 1 to 65535/, 'up'] as const,
  ),
  ['list --limit 5 extra', /too many arguments for 'list'/, 'list'],
  ['status a b', /too many arguments for 'status'/, 'status'],
  ['watch', /missing required argument 'id'/, 'watch'],
  ['inspect', /missing required argument 'image'/, 'inspect'],
  ['batch policy bat-1', /missing required argument 'setting=value'/, 'batch policy'],
  ['batch policy bat-1 concurrency', /Give path=value/, 'batch policy'],
  ['status bat-1', /'bat-1' is invalid.*It is the ID of a batch/, 'status'],
  ['batch status imp-1', /'imp-1' is invalid.*It is the ID of an import/, 'batch status'],
  ['list --waiting --state attention', /--waiting lists all causes/, 'list'],
  ['orphans --foreign', /--foreign has an effect only with --delete/, 'orphans'],
  ['inspect x --as-is --convert qcow2', /--as-is contradicts --convert qcow2/, 'inspect'],
  ['inspect x --boot-check-seconds 5', /--boot-check-seconds has an effect only with --boot-check/, 'inspect'],
  ['batch report bat-1 --format csv --json', /--json contradicts --format csv/, 'batch report'],
  ['batch resume bat-1 --set a=b', /--set changes the requests of imports: select them with --cause/, 'batch resume'],
  ['resume', /either the ID of an import .* or --code alone/, 'resume'],
  ['resume imp-1 --code X', /either the ID of an import .* or --code alone/, 'resume'],
  ['import --region r', /no image given/, 'import'],
  ['import x --data-disk y,size=big', /size=big is not a size in whole GiB/, 'import'],
  ['import x --data-disk y,format=', /without empty values/, 'import'],
  ['import x --tag team', /Give key=value/, 'import'],
  ['resume imp-1 --set role', /Give path=value/, 'resume'],
  ['import x --name=', /option '--name <name>' has an empty value/, 'import'],
  ['status ""', /argument 'id' is empty/, 'status'],
  ['list --api=', /option '--api <url>' has an empty value/, ''],
];

const words = (text: string) => text.split(/(?<!=) /).map((word) => (word === '""' ? '' : word));

/** The program of the emulator reads its own options. */
const READS_ITS_OPTIONS = ['emulator'];
/** A missing option is reported first. */
const REQUIRES_AN_OPTION = ['hold', 'keys create', 'webhooks create'];

test('every command of the help is tested here', async () => {
  const commandsIn = async (args: readonly string[]) => {
    const { stdout } = await runInProcess([...args, '--help']);
    return [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => [...args, name].join(' '));
  };
  const groups = ['batch', 'config', 'keys', 'webhooks'];
  const found = await commandsIn([]);
  for (const group of groups) found.push(...(await commandsIn([group])));
  const expected = [
    ...COMMANDS,
    ...READS_ITS_OPTIONS,
    ...REQUIRES_AN_OPTION,
    ...groups,
    'help',
    ...groups.map((group) => `${group} help`),
  ];
  expect(found.filter((name) => !expected.includes(name))).toEqual([]);
  expect(found.length).toBeGreaterThan(20);
});

describe('wrong usage', () => {
  test.each(WRONG)(
    '%s → exit code 2; a message that names it and the help of the command',
    async (args, message, help) => {
      const api = args.includes('--api') || args.startsWith('up') ? [] : NOWHERE;
      const plain = await runInProcess([...words(args), ...api]);
      expect(plain.code).toBe(2);
      if (!args.includes('--json')) expect(plain.stdout).toBe('');
      expect(plain.stderr.trim().split('\n')).toHaveLength(1);
      expect(plain.stderr).toMatch(message);
      const see = `See \`ecs-image-import${help === '' ? '' : ` ${help}`} --help\`.`;
      expect(plain.stderr.trim().endsWith(see)).toBe(true);

      const { code, stdout, stderr } = await runInProcess(['--json', ...words(args), ...api]);
      expect(code).toBe(2);
      expect(stderr).toMatch(message);
      const document: unknown = JSON.parse(stdout);
      expect(document).toMatchObject({ code: 'Cli.WrongUsage', detail: expect.stringMatching(message), remedy: see });
    },
  );

  test('batch without a command → its help, and exit code 2', async () => {
    const { code, stdout, stderr } = await runInProcess(['batch', '--json']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^ecs-image-import batch needs a command\nUsage: ecs-image-import batch/);
    expect(JSON.parse(stdout)).toMatchObject({ detail: 'ecs-image-import batch needs a command' });
  });
});

describe('a file that cannot be read', () => {
  test.each([
    ['import --manifest', 'missing.yaml', /the manifest .*missing\.yaml: it does not exist/],
    ['import --manifest', 'folder.yaml', /the manifest .*folder\.yaml: it is a directory/],
    ['import --manifest', 'broken.yaml', /the manifest .*broken\.yaml: .*line 2, column 1/],
    ['import --manifest', 'list.yaml', /the manifest .*list\.yaml does not contain a request/],
    ['batch create', 'missing.yaml', /the batch file .*missing\.yaml: it does not exist/],
    ['batch create', 'folder.yaml', /the batch file .*folder\.yaml: it is a directory/],
    ['batch create', 'items.txt', /can't determine the format of .*items\.txt/],
    ['inspect', 'missing.qcow2', /missing\.qcow2 does not exist/],
  ])('%s %s → exit code 2; the path, the reason and what to give', async (command, file, message) => {
    const { code, stdout, stderr } = await runInProcess([...command.split(' '), inFolder(file), '--json', ...NOWHERE]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/ENOENT|EISDIR|no such file or directory, open/);
    expect(JSON.parse(stdout)).toMatchObject({ code: expect.stringMatching(/^\w+\.\w+$/), detail: expect.any(String) });
  });
});

test('no API at the address → exit code 5; with --json a problem document with code and remedy', async () => {
  const { code, stdout } = await runInProcess(['list', '--json', ...NOWHERE]);
  expect(code).toBe(5);
  expect(JSON.parse(stdout)).toMatchObject({
    type: 'urn:ecs-image-import:problem:Cli.Unreachable',
    code: 'Cli.Unreachable',
    detail: expect.stringContaining("can't be reached"),
    remedy: expect.stringContaining('ecs-image-import up'),
    exitCode: 5,
  });
});

test('--help and --version → stdout and exit code 0', async () => {
  const help = await runInProcess(['batch', 'create', '--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toMatch(/^Usage: ecs-image-import batch create/);
  expect(await runInProcess(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) });
});
