/** `keys create`, `list`, `rotate` and `revoke`: API keys, and what they are limited to. */
import { type Command, Option } from 'commander';
import { ROLES } from '../../domain/access/identity.js';
import { isObject } from '../../domain/json-value.js';
import { type Api, openApi, parse, RETRY_FOR_MS } from '../api.js';
import { print, say } from '../console.js';
import { printDocument, printResult } from '../document.js';
import { globalsOf } from '../globals.js';
import { collect, collectTags, period, periodOrNever } from '../option-values.js';
import { table } from '../table.js';

interface CreateOptions {
  readonly role: string;
  readonly name?: string;
  readonly region?: readonly string[];
  readonly bucket?: readonly string[];
  readonly tag?: readonly { readonly key: string; readonly value: string }[];
  readonly sourceRoot?: readonly string[];
  readonly account?: readonly string[];
  readonly expires: number | null;
}

export function addKeys(program: Command): void {
  const keys = program.command('keys').description('manage the API keys of users and programs');
  keys
    .command('create')
    .description('create a key and print it once; options of a scope are repeatable, * stands for any characters')
    .addOption(
      new Option('--role <role>', 'viewer reads, operator also starts and changes imports, admin may do everything')
        .choices(ROLES)
        .makeOptionMandatory(),
    )
    .option('--name <text>', 'for people (default: the prefix of the key)')
    .option('--region <pattern>', 'only in this region, also of copies (cn-*)', collect)
    .option('--bucket <pattern>', 'only with this bucket (team-a-*)', collect)
    .option('--tag <key=value>', 'only imports with this tag (team=web)', collectTags)
    .option('--source-root <place>', 'only sources below it (/images/team-a, https://host/path, oss://bucket)', collect)
    .option(
      '--account <pattern>',
      "only in this configured account, '' is that of the worker (default: admins in all, others in that of the worker)",
      collect,
    )
    .addOption(
      new Option('--expires <period>', '30m, 12h, 90d or never').argParser(periodOrNever).default(90 * 86_400, '90d'),
    )
    .action(async (options: CreateOptions, command: Command) => {
      const scope = {
        ...(options.account === undefined ? {} : { accounts: options.account }),
        ...{ regions: options.region ?? [], buckets: options.bucket ?? [] },
        ...{ tags: options.tag ?? [], sourceRoots: options.sourceRoot ?? [] },
      };
      const { role, name, expires } = options;
      const body = { role, scope, expiresInSeconds: expires, ...(name === undefined ? {} : { name }) };
      await showNew(command, '/v1/keys', body);
    });
  keys
    .command('list')
    .description('list the keys, who created them, and when they were last used')
    .option('--all', 'also keys that have expired or were revoked', false)
    .action(async ({ all }: { readonly all: boolean }, command: Command) => {
      const globals = globalsOf(command);
      const found = (await allKeys(openApi(globals))).filter(({ state }) => all || state === 'active');
      if (globals.json) return printDocument(globals, found);
      if (found.length === 0) return print('no keys');
      print(table(['prefix', 'name', 'role', 'scope', 'state', 'expires', 'last used', 'created by'], found.map(row)));
    });
  keys
    .command('rotate')
    .description('give a key a new secret and print it once; the earlier one stays valid for a while')
    .argument('<prefix>', 'prefix of the key')
    .addOption(
      new Option('--overlap <period>', 'how long the earlier secret stays valid (0m, 12h, 7d)')
        .argParser(period)
        .default(86_400, '24h'),
    )
    .option(
      '--expires <period>',
      'when the new secret expires (default: after the same time as the earlier one)',
      periodOrNever,
    )
    .action(
      async (
        prefix: string,
        { overlap, expires }: { readonly overlap: number; readonly expires?: number | null },
        command: Command,
      ) => {
        const body = { overlapSeconds: overlap, ...(expires === undefined ? {} : { expiresInSeconds: expires }) };
        await showNew(command, `/v1/keys/${encodeURIComponent(prefix)}/rotate`, body);
      },
    );
  keys
    .command('revoke')
    .description('revoke a key: its requests and event streams end within seconds')
    .argument('<prefix>', 'prefix of the key')
    .action(async (prefix: string, _options: object, command: Command) => {
      const globals = globalsOf(command);
      const path = `/v1/keys/${encodeURIComponent(prefix)}/revoke`;
      const { text } = await openApi(globals).call({ method: 'POST', path, body: {} });
      printResult(globals, text, () => `key ${prefix} is revoked`);
    });
}

/** Not repeated after a lost response: the key could not be shown, and an unused one can be revoked. */
async function showNew(command: Command, path: string, body: object): Promise<void> {
  const globals = globalsOf(command);
  const { text } = await openApi(globals).call({ method: 'POST', path, body });
  if (globals.json) return printDocument(globals, text);
  const answer = parse(text);
  if (!isObject(answer)) throw new Error(`${path}: the response is not a key`);
  print(String(answer.key));
  say(`key ${answer.prefix}, role ${answer.role}, expires: ${expiryOf(answer)}. It is not shown again.`);
}

async function allKeys(api: Api): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found: Readonly<Record<string, unknown>>[] = [];
  for (let cursor = ''; ; ) {
    const { text } = await api.call({ method: 'GET', path: `/v1/keys?cursor=${cursor}`, retryForMs: RETRY_FOR_MS });
    const page = parse(text);
    if (!isObject(page) || !Array.isArray(page.keys)) throw new Error('GET /v1/keys: the response is not a list');
    found.push(...page.keys.filter(isObject));
    if (typeof page.nextCursor !== 'string') return found;
    cursor = page.nextCursor;
  }
}

function row(key: Readonly<Record<string, unknown>>): readonly string[] {
  const { prefix, name, role, state, createdBy } = key;
  const used = secretsOf(key).flatMap(({ lastUsedAt }) => (typeof lastUsedAt === 'string' ? [lastUsedAt] : []));
  const lastUsed = used.sort().at(-1)?.slice(0, 16).replace('T', ' ') ?? 'never';
  return [prefix, name, role, scopeText(key.scope), state, expiryOf(key), lastUsed, createdBy].map(String);
}

/** Of the newest secret. */
function expiryOf(key: Readonly<Record<string, unknown>>): string {
  const expiresAt = secretsOf(key)[0]?.expiresAt;
  return typeof expiresAt === 'string' ? expiresAt.slice(0, 16).replace('T', ' ') : 'never';
}

function secretsOf({ secrets }: Readonly<Record<string, unknown>>): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(secrets) ? secrets.filter(isObject) : [];
}

const SCOPE_WORDS: Readonly<Record<string, string>> = {
  ...{ accounts: 'account', regions: 'region', buckets: 'bucket', tags: 'tag', sourceRoots: 'source' },
};

function scopeText(scope: unknown): string {
  if (!isObject(scope)) return '';
  const parts = Object.entries(scope).flatMap(([field, values]) =>
    Array.isArray(values) ? values.map((value) => `${SCOPE_WORDS[field] ?? field} ${valueText(value)}`) : [],
  );
  return parts.length === 0 ? 'all' : parts.join(', ');
}

function valueText(value: unknown): string {
  if (isObject(value)) return `${value.key}=${value.value}`;
  return value === '' ? "''" : String(value);
}
