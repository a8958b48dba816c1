/** The pages for operators name only what exists: commands and their options, variables, metrics, files, pages and their sections. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runInProcess } from './support/cli/run-in-process.js';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const PAGES = [
  'production',
  'kubernetes',
  'sizing',
  'upgrade',
  'monitoring',
  'getting-started',
  'getting-started.zh-CN',
].map((name) => `docs/${name}.md`);
const variables = ['operations', 'postgresql'].map((name) => read(`docs/${name}.md`)).join('\n');
/** Of the vendor's credential chain. */
const OF_VENDOR = ['ALIBABA_CLOUD_ROLE_ARN', 'ALIBABA_CLOUD_OIDC_PROVIDER_ARN', 'ALIBABA_CLOUD_OIDC_TOKEN_FILE'];
const SHIPPED = readdirSync(path.join(root, 'integrations'), { recursive: true, encoding: 'utf8' });
const shipped = SHIPPED.filter((name) => /\.(sh|ya?ml|sql|service|env|tpl)$/.test(name))
  .map((name) => read(`integrations/${name}`))
  .concat(read('docker-compose.yml'), read('Dockerfile'))
  .join('\n');

const known = [variables, shipped, ...OF_VENDOR];

/** As GitHub makes them. */
function anchorsOf(file: string): readonly string[] {
  return [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-'),
  );
}

const helps = new Map<string, Promise<string>>();

/** The help of the command that the words begin with; it lists options of all commands too. */
async function helpOf(words: readonly string[]): Promise<string> {
  const names = words.slice(0, words.findIndex((word) => !/^[a-z-]+$/.test(word) || word.startsWith('-')) >>> 0);
  for (const depth of [2, 1, 0]) {
    const command = names.slice(0, depth).join(' ');
    if (command.split(' ').length !== depth && depth > 0) continue;
    const help =
      helps.get(command) ??
      runInProcess([...command.split(' ').filter(Boolean), '--help']).then(({ stdout }) => stdout);
    helps.set(command, help);
    if ((await help).startsWith(`Usage: ecs-image-import ${command}`)) return await help;
  }
  return '';
}

describe.each(PAGES)('%s', (page) => {
  const text = read(page);

  test('links lead to pages and sections that exist', () => {
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = '', anchor] = target.split('#');
      const found = file === '' ? page : path.normalize(path.join(path.dirname(page), file));
      expect(existsSync(path.join(root, found)), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(found), target).toContain(anchor);
    }
  });

  test('commands of ecs-image-import and their options exist', async () => {
    for (const [, line = ''] of text
      .replace(/\\\n/g, ' ')
      .matchAll(/(?:^|[\s`(])ecs-image-import ([a-z-][^\n`#|&]*)/gm)) {
      const words = line.trim().split(/\s+/);
      const help = await helpOf(words);
      const [first = ''] = words;
      if (!first.startsWith('-')) expect(help, line).toMatch(new RegExp(`^Usage: ecs-image-import ${first}\\b`));
      for (const word of words.filter((one) => one.startsWith('--'))) {
        expect(help, line).toContain(word.replace(/=.*/, ''));
      }
    }
  });

  test('variables are documented, or belong to the files of integrations/', () => {
    for (const [name] of text.matchAll(
      /\b(?:ECS|DATABASE|TEMPORAL|POSTGRES|SQL|ALIBABA_CLOUD|OSS|RAM|STS)_[A-Z_]+\b/g,
    )) {
      expect(
        known.some((one) => one.includes(name)),
        name,
      ).toBe(true);
    }
  });

  test('files of integrations/ exist', () => {
    for (const [, name = ''] of text.matchAll(/\bintegrations\/([\w./-]+\w)/g)) {
      expect(existsSync(path.join(root, 'integrations', name)), name).toBe(true);
    }
  });

  test('metrics exist', () => {
    const code = ['api', 'workers', 'telemetry']
      .flatMap((room) => readdirSync(path.join(root, room), { encoding: 'utf8' }).map((file) => `${room}/${file}`))
      .filter((file) => file.endsWith('.ts'))
      .map(read)
      .join('\n');
    for (const [name] of text.matchAll(/\becs_image_import_[a-z_]+\b/g)) {
      // The schema of the database has the same prefix.
      if (!name.startsWith('ecs_image_import_runtime')) expect(code, name).toContain(name);
    }
  });
});
