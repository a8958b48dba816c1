/**
 * Reads the credentials of web sources from the file in ECS_IMPORT_CREDENTIALS_FILE, again whenever it has changed. The file names
 * where each value is: another file, a variable, or a command that prints it.
 */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { nearest } from '../domain/request/nearest.js';
import { brokenRules, CREDENTIAL_NAME_RULES } from '../domain/request/text-rules.js';
import type { FindCredential, SourceCredential } from '../sources/credential.js';
import { ConfigError } from './environment.js';

const MAX_FILE_BYTES = 1024 ** 2;
const MAX_VALUE_BYTES = 16 * 1024;
const COMMAND_TIMEOUT_MS = 10_000;
const DEFAULT_KEEP_SECONDS = 300;

const absolute = z.string().refine(path.isAbsolute, 'set an absolute path');
const value = z.union(
  [
    z.strictObject({ file: absolute }),
    z.strictObject({ variable: z.string().regex(/^\w+$/, 'set the name of a variable') }),
    z.strictObject({
      command: z.tuple([absolute], z.string()),
      keepSeconds: z.int().min(0).max(86_400).default(DEFAULT_KEEP_SECONDS),
    }),
  ],
  'set {"file": "/PATH"}, {"variable": "NAME"} or {"command": ["/PATH", "ARGUMENT"]}; values themselves must not be in this file',
);
type Value = z.output<typeof value>;

const host = z
  .string()
  .regex(
    /^((\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+)$/i,
    'set a host without scheme, port and path: images.example.com',
  );
const common = {
  hosts: z.array(host).min(1, 'set the hosts that may receive the credential'),
  allowHttp: z.boolean().default(false),
};
const credential = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('basic'), username: z.string().regex(/^[^:]+$/), password: value, ...common }),
  z.strictObject({ type: z.literal('bearer'), token: value, ...common }),
  z.strictObject({
    type: z.literal('header'),
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'set the name of a header')
      .refine((name) => !RESERVED.has(name.toLowerCase()), 'is set by this service itself'),
    value,
    ...common,
  }),
]);
type Credential = z.output<typeof credential>;

/** Headers that decide what the request means. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['host', 'range', 'if-range', 'accept-encoding', 'connection', 'content-length', 'transfer-encoding'],
  ...['user-agent', 'proxy-authorization'],
]);

const FIELDS = ['type', 'username', 'password', 'token', 'header', 'value', 'hosts', 'allowHttp'];

/** `{"mirror-a": {"type": "bearer", "token": {"file": "/run/secrets/mirror-a"}, "hosts": ["mirror.example.com"]}}` */
const credentialsSchema = z.record(z.string(), credential).superRefine((credentials, context) => {
  for (const name of Object.keys(credentials)) {
    const [broken] = brokenRules(CREDENTIAL_NAME_RULES, name);
    if (broken !== undefined) context.addIssue({ code: 'custom', path: [name], message: broken.message });
  }
});

type Credentials = ReadonlyMap<string, SourceCredential>;

/** @param file absolute path; null: there are no credentials */
export function createCredentials(file: string | null, env: NodeJS.ProcessEnv = process.env): FindCredential {
  let known: { readonly version: string; readonly credentials: Credentials } | null = null;
  const current = async (): Promise<Credentials> => {
    if (file === null) return new Map();
    const version = await versionOf(file);
    if (known?.version !== version) known = { version, credentials: await readCredentials(file, env) };
    return known.credentials;
  };
  return async (name) => {
    const credentials = await current().catch((error: unknown) => {
      if (error instanceof ConfigError) throw unreadable(name, error.message, error);
      throw error;
    });
    const found = credentials.get(name);
    if (found !== undefined) return found;
    const meant = nearest(name, [...credentials.keys()]);
    const hint = meant === null ? '' : `; did you mean ${meant}?`;
    throw fail('Source.CredentialUnknown', `the worker has no credential ${name}${hint}`);
  };
}

/** Throws `ConfigError` that names every problem and quotes no value. */
export async function readCredentials(file: string, env: NodeJS.ProcessEnv): Promise<Credentials> {
  const origin = `ECS_IMPORT_CREDENTIALS_FILE ${file}`;
  if (!path.isAbsolute(file)) throw new ConfigError(`ECS_IMPORT_CREDENTIALS_FILE: set an absolute path, not ${file}`);
  const text = await readBounded(file, MAX_FILE_BYTES).catch((error: Error) => {
    throw new ConfigError(`${origin}: cannot be read: ${error.message}`);
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    const example = '{"mirror-a":{"type":"bearer","token":{"file":"/PATH"},"hosts":["HOST"]}}';
    throw new ConfigError(`${origin}: set JSON such as ${example}`);
  }
  const read = credentialsSchema.safeParse(json);
  if (!read.success) throw new ConfigError(`${origin}: ${read.error.issues.map(describe).join('; ')}`);
  return new Map(Object.entries(read.data).map(([name, one]) => [name, createCredential(name, one, env)]));
}

function createCredential(name: string, one: Credential, env: NodeJS.ProcessEnv): SourceCredential {
  const { hosts, allowHttp } = one;
  const secret = one.type === 'basic' ? one.password : one.type === 'bearer' ? one.token : one.value;
  let kept: { readonly text: Promise<string>; readonly untilMs: number } | null = null;
  const read = async (): Promise<string> => {
    // Files and variables are read each time, so that a rotated value is used immediately.
    if (!('command' in secret)) return await readValue(name, secret, env);
    if (kept === null || performance.now() >= kept.untilMs) {
      const text = readValue(name, secret, env);
      kept = { text, untilMs: performance.now() + secret.keepSeconds * 1000 };
      text.catch(() => {
        kept = null;
      });
    }
    return await kept.text;
  };
  return {
    ...{ name, hosts, allowHttp },
    async header() {
      const text = await read();
      if (one.type === 'header') return [one.header.toLowerCase(), text];
      if (one.type === 'bearer') return ['authorization', `Bearer ${text}`];
      return ['authorization', `Basic ${Buffer.from(`${one.username}:${text}`).toString('base64')}`];
    },
    expire() {
      kept = null;
    },
  };
}

/** Without line breaks at the end. A header cannot contain other control characters. */
async function readValue(name: string, secret: Value, env: NodeJS.ProcessEnv): Promise<string> {
  const text = (await rawValue(name, secret, env)).replace(/[\r\n]+$/, '');
  if (text === '') throw unreadable(name, 'its value is empty');
  if (!/^[\x20-\x7e]+$/.test(text)) throw unreadable(name, 'its value has characters that a header cannot have');
  return text;
}

async function rawValue(name: string, secret: Value, env: NodeJS.ProcessEnv): Promise<string> {
  if ('variable' in secret) return env[secret.variable] ?? '';
  if ('file' in secret) {
    return await readBounded(secret.file, MAX_VALUE_BYTES).catch((error: unknown) => {
      throw unreadable(name, `${secret.file} cannot be read`, error);
    });
  }
  const [command, ...args] = secret.command;
  const options = { timeout: COMMAND_TIMEOUT_MS, maxBuffer: MAX_VALUE_BYTES, cwd: '/', encoding: 'utf8' } as const;
  try {
    return (await promisify(execFile)(command, args, options)).stdout;
  } catch (error) {
    // Neither its output nor its arguments, which may contain the value.
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'no answer in time';
    throw unreadable(name, `${command} failed (${reason})`);
  }
}

async function versionOf(file: string): Promise<string> {
  const info = await stat(file, { bigint: true }).catch(() => null);
  return info === null ? '' : [info.dev, info.ino, info.size, info.mtimeNs, info.ctimeNs].join(':');
}

async function readBounded(file: string, maxBytes: number): Promise<string> {
  const { size } = await stat(file);
  if (size > maxBytes) throw new Error(`it has ${size} bytes; the maximum is ${maxBytes}`);
  return await readFile(file, 'utf8');
}

function unreadable(name: string, reason: string, cause?: unknown): FailureError {
  return fail('Source.CredentialUnreadable', `credential ${name}: ${reason}`, { cause });
}

function describe(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return place === '' ? issue.message : `${place}: ${issue.message}`;
  return issue.keys
    .map((key) => {
      const meant = nearest(key, FIELDS);
      return `${place}.${key} is unknown${meant === null ? '' : `: did you mean ${meant}?`}`;
    })
    .join('; ');
}
