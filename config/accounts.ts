/** Reads the accounts that requests may name, and the role that the worker assumes in each. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { type AccountRole, accountIdOf } from '../alibaba/account-role.js';
import { nearest } from '../domain/request/nearest.js';
import { ACCOUNT_NAME_RULES, brokenRules } from '../domain/request/text-rules.js';
import { ConfigError, type Environment, readEnvironment } from './environment.js';

const MAX_ACCOUNTS = 500;
const MAX_BYTES = 1024 ** 2;
/** The shortest session that STS issues, and the longest that a role can allow. */
const [SHORTEST_SECONDS, LONGEST_SECONDS, DEFAULT_SECONDS] = [900, 43_200, 3_600];

const account = z.strictObject({
  roleArn: z
    .string()
    .regex(
      /^acs:ram::\d{5,20}:role\/[A-Za-z0-9.-]{1,64}$/,
      'set acs:ram::ACCOUNT:role/NAME, as shown in the RAM console',
    ),
  externalId: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, 'set 2 to 1,224 letters, digits and + = , . @ : / _ -')
    .optional(),
  durationSeconds: z.int().min(SHORTEST_SECONDS).max(LONGEST_SECONDS).default(DEFAULT_SECONDS),
  stsRegion: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z0-9]+)+$/, 'set a region ID, e.g. cn-hangzhou')
    .optional(),
  stsEndpoint: z
    .string()
    .regex(/^https?:\/\/[^/?#\s]+\/?$/, 'set https://HOST')
    .transform((address) => address.replace(/\/$/, ''))
    .optional(),
});

const FIELDS = Object.keys(account.shape);

/** `{"production": {"roleArn": "acs:ram::1234567890123456:role/ecs-image-import"}}` */
const accountsSchema = z.record(z.string(), account).superRefine((accounts, context) => {
  const names = Object.keys(accounts);
  if (names.length > MAX_ACCOUNTS) context.addIssue(`has ${names.length} accounts; the maximum is ${MAX_ACCOUNTS}`);
  for (const name of names) {
    const [broken] = brokenRules(ACCOUNT_NAME_RULES, name);
    if (broken !== undefined) context.addIssue({ code: 'custom', path: [name], message: broken.message });
  }
  // Two names for one account would share its quota and its images, while everything else is kept apart.
  const owners = new Map<string, string>();
  for (const [name, { roleArn }] of Object.entries(accounts)) {
    const id = accountIdOf(roleArn);
    const other = owners.get(id);
    if (other !== undefined)
      context.addIssue({ code: 'custom', path: [name], message: `is account ${id}, which is already named ${other}` });
    owners.set(id, name);
  }
});

export const accountVariables = z.object({
  /** The accounts as JSON. */
  ECS_IMPORT_ACCOUNTS: z.string().optional(),
  /** A file with the same JSON, for many accounts. */
  ECS_IMPORT_ACCOUNTS_FILE: z.string().optional(),
});

/** @returns the accounts by name. Throws `ConfigError` that names every problem. */
export function accountsFromEnvironment(env: Environment): readonly AccountRole[] {
  const { ECS_IMPORT_ACCOUNTS: text, ECS_IMPORT_ACCOUNTS_FILE: file } = readEnvironment(accountVariables, env);
  if (text !== undefined && file !== undefined)
    throw new ConfigError('ECS_IMPORT_ACCOUNTS and ECS_IMPORT_ACCOUNTS_FILE are both set: set one of them');
  if (file !== undefined) return parseAccounts(`ECS_IMPORT_ACCOUNTS_FILE ${file}`, readBounded(file));
  return text === undefined ? [] : parseAccounts('ECS_IMPORT_ACCOUNTS', text);
}

/** The parts of `up` run in other folders. */
function readBounded(file: string): string {
  if (!path.isAbsolute(file)) throw new ConfigError(`ECS_IMPORT_ACCOUNTS_FILE: set an absolute path, not ${file}`);
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) throw new Error(`it has ${size} bytes; the maximum is ${MAX_BYTES}`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      `ECS_IMPORT_ACCOUNTS_FILE: cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The text is not quoted in errors: it may contain external IDs. */
function parseAccounts(origin: string, text: string): readonly AccountRole[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ConfigError(`${origin}: set JSON such as {"production":{"roleArn":"acs:ram::ACCOUNT:role/NAME"}}`);
  }
  const read = accountsSchema.safeParse(json);
  if (!read.success) {
    throw new ConfigError(`${origin}: ${read.error.issues.map(describe).join('; ')}`);
  }
  return Object.entries(read.data).map(([name, { roleArn, durationSeconds, externalId, stsRegion, stsEndpoint }]) => ({
    ...{ name, roleArn, durationSeconds },
    ...(externalId === undefined ? {} : { externalId }),
    ...(stsRegion === undefined ? {} : { stsRegion }),
    ...(stsEndpoint === undefined ? {} : { stsEndpoint }),
  }));
}

function describe(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') return place === '' ? issue.message : `${place}: ${issue.message}`;
  return issue.keys
    .map((key) => {
      const meant = nearest(key, FIELDS);
      return `${place}.${key} is unknown${meant === null ? `; the fields are ${FIELDS.join(', ')}` : `: did you mean ${meant}?`}`;
    })
    .join('; ');
}
