/**
 * Any text anywhere in a request, on every route of the OpenAPI document: nothing that PostgreSQL rejects reaches the
 * database, and no request is answered with 500.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSessions } from '../../api/access/sessions.js';
import { createApp } from '../../api/app.js';
import type { ApiDependencies } from '../../api/dependencies.js';
import { checkBatch } from '../../batches/check.js';
import { takeInBatch } from '../../batches/take-in.js';
import { validateRequest } from '../../domain/request/schema.js';
import type { SessionStore } from '../../store/sessions.js';
import { OPEN, UNRECORDED } from '../support/api/anonymous.js';
import { bodyWith } from '../support/domain/requests.js';

const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Fails, as PostgreSQL does, for a text that it cannot store. The recursion fails for a value that is too deep. */
function store(value: unknown): void {
  if (typeof value === 'string' && UNSTORABLE.test(value))
    throw new Error(`cannot be stored: ${JSON.stringify(value)}`);
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new Error(`out of range: ${value}`);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, field] of Object.entries(value)) {
    store(name);
    store(field);
  }
}

/** Use cases that store their arguments, and find nothing. */
function storing(answer: unknown): object {
  return new Proxy(
    {},
    {
      get:
        (_target, method) =>
        async (...values: unknown[]) => {
          store(values);
          if (method === 'create') return await create(values);
          if (method === 'check') return { kind: 'checked', check: await check(values) };
          return ['get', 'items', 'series'].includes(String(method)) ? null : answer;
        },
    },
  );
}

async function check(values: readonly unknown[]) {
  const [order, body] = values as [Parameters<typeof checkBatch>[1], AsyncIterable<Uint8Array>];
  const idOfName = async (name: string) => {
    store(name);
    return null;
  };
  const deps = { clock: { now: Date.now }, batches: { idOfName }, workerHost: 'host-1' };
  return await checkBatch(deps as unknown as Parameters<typeof checkBatch>[0], order, body);
}

async function create(values: readonly unknown[]) {
  const [order, body] = values as [Parameters<typeof takeInBatch>[1], AsyncIterable<Uint8Array>];
  const keep = async (value: unknown) => store(JSON.parse(JSON.stringify(value)));
  const taken = await takeInBatch(
    {
      reserve: async (batch) => {
        store(batch);
        return null;
      },
      setNames: keep,
      setPolicy: keep,
      add: keep,
      addSkipped: keep,
      markRepeated: async () => [],
      commit: async () => false,
      abandon: async () => {},
    },
    { ...order, id: 'bat-1', workerHost: 'host-1' },
    body,
  );
  return taken;
}

const imports = {
  ...Object.fromEntries(
    ['get', 'report', 'events', 'list', 'waitingCauses'].map((name) => [
      name,
      async (...values: unknown[]) => {
        store(values);
        return name === 'get' || name === 'report' ? null : name === 'list' ? { imports: [], nextCursor: null } : [];
      },
    ]),
  ),
  connectedServer: async () => null,
  start: async (order: unknown) => {
    store(JSON.parse(JSON.stringify(order)));
    return { kind: 'keyReused', importId: 'imp-1' };
  },
  cancel: async (...values: unknown[]) => {
    store(values);
    return { kind: 'unknownImport' };
  },
  resume: async (...values: unknown[]) => {
    store(values);
    return { kind: 'unknownImport' };
  },
  plan: async (...values: unknown[]) => {
    store(values);
    return { kind: 'unknownImport' };
  },
  retry: async (order: unknown) => {
    store(JSON.parse(JSON.stringify(order)));
    return { kind: 'unknownImport' };
  },
  bulk: async (order: unknown) => {
    store(JSON.parse(JSON.stringify(order)));
    return {};
  },
  resumeCause: async (...values: unknown[]) => {
    store(values);
    return { kind: 'unknownCode', nearest: null };
  },
};
const failures: unknown[] = [];
const unreachable = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
const app = createApp({
  imports,
  batches: storing({ kind: 'unknownBatch' }),
  store: {
    progressOf: async (id: string) => {
      store(id);
      return null;
    },
    countByState: async () => [],
    countOpenByAccount: async () => [],
    ping: async () => {},
  },
  overview: {
    read: async (...values: unknown[]) => {
      store(values);
      return {};
    },
  },
  inspections: {
    list: async (...values: unknown[]) => {
      store(values);
      return [];
    },
    get: async (...values: unknown[]) => {
      store(values);
      return null;
    },
  },
  audit: {
    list: async (...values: unknown[]) => {
      store(values);
      return [];
    },
  },
  keys: {
    list: async (...values: unknown[]) => {
      store(values);
      return [];
    },
    get: async () => null,
    create: async ({ digest: _, ...key }: { readonly digest: Buffer }) => {
      store(JSON.parse(JSON.stringify(key)));
      return true;
    },
    rotate: async () => 'unknown',
    revoke: async () => false,
  },
  forgetKeys: () => undefined,
  files: {
    list: async () => [],
    get: async (...names: unknown[]) => {
      store(names);
      return null;
    },
  },
  retention: {
    ...Object.fromEntries(
      ['wasDeleted', 'hold', 'release'].map((name) => [
        name,
        async (...values: unknown[]) => {
          store(values);
          return name === 'hold' ? null : false;
        },
      ]),
    ),
    holds: async () => [],
  },
  webhooks: {
    store: {
      list: async () => [],
      ...Object.fromEntries(
        ['create', 'get'].map((name) => [
          name,
          async (...values: unknown[]) => {
            store(JSON.parse(JSON.stringify(values)));
            return null;
          },
        ]),
      ),
    },
    refusal: () => null,
  },
  liveness: { workersOf: async () => [], identitiesOf: async () => new Set() },
  changes: {},
  client: {
    options: {},
    connection: { withDeadline: () => Promise.reject(unreachable) },
  },
  workerHost: 'host-1',
  authenticators: OPEN,
  sessions: createSessions(storing(null) as SessionStore, async () => null),
  auditTrail: UNRECORDED,
  stackFile: null,
  log: { error: (attributes: object) => failures.push(attributes) },
} as unknown as ApiDependencies);

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly query: readonly string[];
  readonly headers: readonly string[];
  readonly types: readonly string[];
}

async function operations(): Promise<readonly Operation[]> {
  const document = JSON.parse(await (await app.request('/openapi.json')).text());
  interface Described {
    readonly parameters?: readonly { readonly name: string; readonly in: string }[];
    readonly requestBody?: { readonly content: object };
  }
  const paths = document.paths as Record<string, Record<string, Described>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
      const named = (place: string) => parameters.filter((one) => one.in === place).map(({ name }) => name);
      return {
        method: method.toUpperCase(),
        path,
        query: named('query'),
        headers: named('header'),
        types: Object.keys(requestBody?.content ?? {}),
      };
    }),
  );
}

const hostile = fc.oneof(
  fc.constantFrom(
    ...[
      '\0',
      'a\0b',
      '\ud800',
      'x\udc00',
      '\ud800\ud800',
      '%00',
      '../..',
      '__proto__',
      'constructor',
      '',
      ' ',
      '\u202e',
    ],
    ...[
      '\u{1f600}'.repeat(300),
      `a${'\u{1f600}'.repeat(300)}`,
      '9'.repeat(400),
      '-1',
      '1e400',
      'NaN',
      '{}',
      '[',
      "' or 1=1 --",
      '\x1b[31m',
      '\u{10ffff}',
      'a'.repeat(9_000),
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 20 }),
);

/** Values with hostile texts as names and values, and values of the types that requests have. */
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    hostile,
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(hostile, tie('any'), { maxKeys: 3 }),
  ),
})).any;

const FIELDS = [
  ...['region', 'imageName', 'description', 'disks', 'tags', 'upload', 'distribute', 'set', 'code', 'cause', 'source'],
  ...['running', 'cancelled', 'delete', 'keepImage', 'name', 'policy', 'defaults', 'items', 'schedule', 'imageQuota'],
];

const nested = (text: string) => `${text.repeat(100_000)}1${(text === '[' ? ']' : '}').repeat(100_000)}`;
const document = fc.oneof(
  fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 4 }).map((body) => JSON.stringify(body)),
  // A valid request with one hostile field, so that it passes the other rules.
  fc.tuple(fc.constantFrom(...FIELDS), value).map(([field, given]) => JSON.stringify(bodyWith({ [field]: given }))),
  fc
    .tuple(fc.constantFrom('set', 'tags', 'policy', 'imageQuota'), hostile, hostile)
    .map(([field, name, text]) => JSON.stringify({ [field]: { [name]: text } })),
  hostile.map((text) => JSON.stringify({ items: [bodyWith({ description: text })], name: text })),
  hostile.map((text) => `imageName,region,disks[0].source,description\nweb-01,cn-hangzhou,oss://b/k,${text}\n`),
  fc.constantFrom(nested('['), `{"set":${nested('{"a":')}}`, `{"code":${nested('[')}}`),
  hostile,
);

const encoded = (text: string) =>
  encodeURIComponent(text.replaceAll(/\p{Surrogate}/gu, '\ufffd')).replaceAll('.', '%2E');
/** Header values are bytes; HTTP allows neither NUL nor line breaks in them. */
const headerValue = (text: string) => text.replaceAll(/[^\x20-\x7e\x80-\xff]/g, '').slice(0, 300);

test('hostile texts in IDs, cursors, filters, headers and bodies of any route → never 500', async () => {
  const all = await operations();
  expect(all.length).toBeGreaterThan(24);
  expect(validateRequest(bodyWith({})).ok).toBe(true);
  const request = fc.record({
    operation: fc.constantFrom(...all),
    texts: fc.array(hostile, { minLength: 3, maxLength: 3 }),
    raw: fc.constantFrom('%00', '%ED%A0%80', '%ff', '%', '%zz', '', '%2e%2e'),
    body: document,
    rawInQuery: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(request, fc.nat(), async ({ operation, texts, raw, body, rawInQuery }, pick) => {
      failures.length = 0;
      const [inPath = '', inQuery = '', inHeader = ''] = texts;
      const path = operation.path.replaceAll(/\{\w+\}/g, encoded(inPath) || 'imp-1');
      const query = operation.query.map((name) => `${name}=${rawInQuery ? raw : encoded(inQuery)}`).join('&');
      const type = operation.types[pick % Math.max(1, operation.types.length)];
      const response = await app.request(`${path}?${query}`, {
        method: operation.method,
        headers: {
          ...Object.fromEntries([...operation.headers, 'user-agent'].map((name) => [name, headerValue(inHeader)])),
          'x-ecs-import-user': rawInQuery ? raw.repeat(250) : encoded(inHeader),
          ...(type === undefined ? {} : { 'content-type': type }),
        },
        ...(type === undefined ? {} : { body: Buffer.from(body) }),
      });
      expect([200, 202, 400, 401, 404, 405, 409, 413, 415, 422, 503], JSON.stringify(failures)).toContain(
        response.status,
      );
      if (response.status === 400) {
        const answer = JSON.parse(await response.text());
        expect(answer).toMatchObject({ code: expect.any(String), errors: expect.any(Array) });
        expect(UNSTORABLE.test(JSON.stringify(answer))).toBe(false);
      } else await response.text();
    }),
    { numRuns: 500 },
  );
}, 120_000);
