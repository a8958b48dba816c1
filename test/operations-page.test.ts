/** The page of variables and the code that reads them do not differ: the same names, the same defaults, for the same process. */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ZodType } from 'zod';
import { apiVariables } from '../config/api.js';
import { cloudVariables } from '../config/cloud.js';
import { temporalVariables } from '../config/temporal-variables.js';
import { workerVariables } from '../config/worker.js';

const page = readFileSync(path.resolve(import.meta.dirname, '../docs/operations.md'), 'utf8');

type Defaults = Readonly<Record<string, string>>;

/** Variables and defaults in the tables of one section. */
function told(title: string): Defaults {
  const section = page.split(/^### /m).find((one) => one.startsWith(`${title}\n`));
  const rows = [...(section ?? '').matchAll(/^\| `(\w+)` \| (.*?) ?\| .+ \|$/gm)];
  return Object.fromEntries(rows.map(([, name = '', fallback = '']) => [name, fallback]));
}

/** What a reader gets who sets nothing, as the page writes it. */
function read(fields: Readonly<Record<string, ZodType>>): Defaults {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, written(name, field)]));
}

/** What cannot be written as a value. */
const IN_WORDS: Defaults = {
  TEMPORAL_TLS: '`true` if an API key or any variable below is set, else `false`',
  ECS_IMPORT_WORKER_HOST: 'the host name',
  ECS_IMPORT_CACHE_LIMIT: '`200G`',
  ECS_IMPORT_PART_SIZE: '`8M`',
};

function written(name: string, field: ZodType): string {
  const unset = field.safeParse(undefined);
  if (!unset.success) return 'required';
  if (name === 'ECS_IMPORT_WORKER_HOST') expect(unset.data).toBe(os.hostname());
  if (name === 'ECS_IMPORT_CACHE_LIMIT') expect(unset.data).toEqual(field.parse('200G'));
  if (name === 'ECS_IMPORT_PART_SIZE') expect(unset.data).toEqual(field.parse('8M'));
  const inWords = IN_WORDS[name];
  if (inWords !== undefined) return inWords;
  if (isEmpty(unset.data)) return '';
  return `\`${String(unset.data).replace(os.homedir(), '~')}\``;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function without(all: Defaults, ...others: readonly Defaults[]): Defaults {
  return Object.fromEntries(
    Object.entries(all).filter(([name]) => !others.some((other) => Object.hasOwn(other, name))),
  );
}

const temporal = read(temporalVariables);
const worker = without(read(workerVariables.shape), temporal);
const api = without(read(apiVariables.shape), temporal);

test.each([
  ['Temporal', temporal],
  ['Worker and API', without(worker, without(worker, api))],
  ['Worker', without(worker, api)],
  ['API', without(api, worker)],
  ['The cloud', read(cloudVariables.shape)],
])('%s: the page names each variable that is read, and its default', (title, variables) => {
  expect(Object.keys(variables)).not.toEqual([]);
  expect(told(title)).toEqual(variables);
});
