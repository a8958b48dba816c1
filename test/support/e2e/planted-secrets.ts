/** Secrets that are easy to find again, where a service gets them, and a search for them in everything that it wrote. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export type Secrets = ReadonlyMap<string, string>;

const planted = (name: string) => `planted${name}${randomBytes(9).toString('hex')}`;

export interface Planted {
  readonly secrets: Map<string, string>;
  /** For the processes of the service. */
  readonly env: NodeJS.ProcessEnv;
  readonly emulatorArgs: readonly string[];
  secretOf(name: string): string;
}

/** @param folder for the files with secrets, and for temporary files of the service */
export function plantSecrets(folder: string): Planted {
  const names = ['AccessKeySecret', 'ApiToken', 'ExternalId', 'Basic', 'Bearer', 'Header', 'Signature', 'NewSignature'];
  const secrets = new Map([...names, 'BatchSignature', 'UserInfo'].map((name) => [name, planted(name)]));
  const secretOf = (name: string) => secrets.get(name) ?? '';
  const at = (name: string) => path.join(folder, name);
  mkdirSync(at('tmp'));
  writeFileSync(at('basic'), secretOf('Basic'));
  writeFileSync(at('print-header'), `#!/bin/sh\necho ${secretOf('Header')}\n`);
  chmodSync(at('print-header'), 0o755);
  const everywhere = { hosts: ['127.0.0.1'], allowHttp: true };
  const credentials = {
    basic: { type: 'basic', username: 'importer', password: { file: at('basic') }, ...everywhere },
    bearer: { type: 'bearer', token: { variable: 'PLANTED_TOKEN' }, ...everywhere },
    header: { type: 'header', header: 'X-Key', value: { command: [at('print-header')] }, ...everywhere },
  };
  writeFileSync(at('credentials.json'), JSON.stringify(credentials));
  // As it is sent.
  secrets.set('BasicHeader', Buffer.from(`importer:${secretOf('Basic')}`).toString('base64'));
  return {
    secrets,
    secretOf,
    emulatorArgs: ['--access-key', `LTAIplanted:${secretOf('AccessKeySecret')}`],
    env: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAIplanted',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: secretOf('AccessKeySecret'),
      ECS_IMPORT_API_TOKEN: secretOf('ApiToken'),
      ECS_IMPORT_ACCOUNTS: JSON.stringify({
        planted: { roleArn: 'acs:ram::1000000000000001:role/planted', externalId: secretOf('ExternalId') },
      }),
      ECS_IMPORT_CREDENTIALS_FILE: at('credentials.json'),
      PLANTED_TOKEN: secretOf('Bearer'),
      TMPDIR: at('tmp'),
    },
  };
}

/** The sessions of assumed roles, from the data of the emulated cloud. */
export function sessionSecrets(dataDir: string): Secrets {
  const lines = readFileSync(path.join(dataDir, 'emulator', 'state.log'), 'utf8').split('\n');
  const sessions = lines.filter((line) => line.startsWith('{"c":"session"')).map((line) => JSON.parse(line).v);
  return new Map(
    sessions.flatMap((session: { secret: string; token: string }, index) => [
      [`session ${index} secret`, session.secret],
      [`session ${index} token`, session.token],
    ]),
  );
}

export interface SearchedFolder {
  /** The number of bytes that were searched. */
  bytes: number;
  /** `FILE: NAME OF THE SECRET` */
  readonly found: string[];
}

/** @param owners the files that may contain a secret: the name of the file to that of the secret */
export function searchFolder(
  folder: string,
  secrets: Secrets,
  { except = [], owners = {} }: { except?: readonly string[]; owners?: Readonly<Record<string, string>> } = {},
): SearchedFolder {
  const search = searchFor(secrets);
  const result: SearchedFolder = { bytes: 0, found: [] };
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (except.some((one) => entry === one || entry.startsWith(`${one}/`))) continue;
    const file = path.join(folder, entry);
    // Files of PostgreSQL come and go.
    const info = statSync(file, { throwIfNoEntry: false });
    if (info?.isFile() !== true) continue;
    const bytes = readFileSync(file);
    result.bytes += bytes.length;
    for (const name of search(bytes)) if (owners[entry] !== name) result.found.push(`${entry}: ${name}`);
  }
  return result;
}

/** The names of the secrets in the bytes, as they are, percent-encoded, or in base64. */
export function foundIn(bytes: Buffer | string, secrets: Secrets): readonly string[] {
  return searchFor(secrets)(Buffer.from(bytes));
}

function searchFor(secrets: Secrets): (bytes: Buffer) => readonly string[] {
  const needles = [...secrets].map(([name, value]) => ({ name, forms: formsOf(value) }));
  return (bytes) => needles.filter(({ forms }) => forms.some((form) => bytes.includes(form))).map(({ name }) => name);
}

function formsOf(value: string): readonly Buffer[] {
  // Base64 depends on the position: without its first and last group, each of three forms is found anywhere.
  const encoded = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), Buffer.from(value)])
      .toString('base64')
      .replaceAll('=', '')
      .slice(4, -4),
  );
  return [...new Set([value, encodeURIComponent(value), ...encoded])].map((form) => Buffer.from(form));
}

/** Watches the arguments of all processes, except those with this ID, until the returned function is called. */
export function watchArguments(secrets: Secrets, except: number): () => ReadonlySet<string> {
  const found = new Set<string>();
  const search = searchFor(secrets);
  const look = () => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== except)) {
      try {
        const text = readFileSync(`/proc/${pid}/cmdline`);
        for (const name of search(text)) found.add(`${text.toString().replaceAll('\0', ' ').slice(0, 80)}: ${name}`);
      } catch {
        // It has ended.
      }
    }
  };
  const timer = setInterval(look, 200);
  return () => {
    look();
    clearInterval(timer);
    return found;
  };
}
