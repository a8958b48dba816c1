/** Names and messages from images, files and the cloud cannot control the terminal, in any command and format. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchView } from '../../domain/batch/batch.js';
import type { ImportView } from '../../domain/import.js';
import { runInProcess } from '../support/cli/run-in-process.js';
import { anImport, type FakeApi, sendEvents, startFakeApi } from '../support/client/fake-api.js';

/** A colour, a title, a clipboard write, a C1 sequence, a reordered text and a carriage return. */
const HOSTILE = 'x\u001b[31m\u001b]0;t\u0007\u001b]52;c;aGk=\u0007\u009b2J\u202etxt\u2066\rfake\u0000';
const CONTROL = /(?![\t\n]|\r\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const AT = '2026-11-01T00:00:00.000Z';

const problem = { code: HOSTILE, message: HOSTILE, remedy: HOSTILE };
const base = anImport();
const view: ImportView = anImport({
  state: 'attention',
  request: { ...base.request, imageName: HOSTILE, disks: [{ source: HOSTILE }] },
  image: { imageId: HOSTILE, regionId: HOSTILE, taskId: HOSTILE },
  attention: { ...problem, since: AT },
  findings: [
    { ...problem, severity: 'blocking', evidence: HOSTILE, source: 'cloud' },
    { ...problem, severity: 'info', evidence: 'e', source: 'inspection', disk: 1 },
  ],
  ledger: [
    {
      ...{ kind: 'image', key: HOSTILE, regionId: HOSTILE, detail: {}, status: 'created' },
      ...{ createdAt: AT, updatedAt: AT },
    },
  ],
});
const failed: ImportView = {
  ...view,
  state: 'failed',
  attention: null,
  error: { ...problem, requestId: HOSTILE, phase: 'upload' },
};
const cause = { ...problem, count: 1, examples: [HOSTILE] };
const batch = {
  ...{ id: 'bat-1', name: HOSTILE, state: 'attention', createdAt: AT, updatedAt: AT, endedAt: null },
  counts: {
    ...{ total: 1, waiting: 0, running: 0, attention: 1, succeeded: 0, failed: 0, cancelled: 0, invalid: 0 },
  },
  ...{ phases: { [HOSTILE]: 1 }, failures: [cause], attentions: [cause], attention: problem, waitsFor: problem },
  ...{ importsPerMinute: null, etaSeconds: null, policy: {} },
  estimate: {
    ...{ uploadedBytes: 0, imageGiB: 0, expectedUploadBytes: null, expectedImageGiB: null, cost: null },
  },
} as unknown as BatchView;
const orphan = { kind: HOSTILE, importId: HOSTILE, regionId: HOSTILE, key: HOSTILE, name: HOSTILE, since: HOSTILE };
const ready = {
  status: HOSTILE,
  checks: [{ name: HOSTILE, ok: false, message: HOSTILE }],
  parts: [{ name: HOSTILE, pid: 1, state: HOSTILE, restarts: 0, address: HOSTILE }],
};

let api: FakeApi;
let shown = view;

beforeAll(async () => {
  api = await startFakeApi(({ url, method }, response) => {
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.includes('/refused')) {
      return json(409, { ...{ type: 'x', title: HOSTILE, status: 409, detail: HOSTILE }, ...problem });
    }
    if (url.includes('/events')) {
      const event = { at: AT, type: 'finding', phase: 'upload', state: 'running', message: HOSTILE, detail: problem };
      const last = { ...event, type: 'attention', state: 'attention' };
      sendEvents(
        response,
        [event, { ...event, type: 'note' }, last].map((data, id) => ({ id: `${id + 1}`, data })),
      );
      return response.end();
    }
    if (url.includes('/report')) {
      response.writeHead(200, { 'content-type': 'text/markdown' });
      return response.end(`# ${HOSTILE}\n\u009b`);
    }
    if (url.startsWith('/v1/imports/waiting'))
      return json(200, { causes: [{ ...problem, imports: 1, since: HOSTILE }] });
    if (url.startsWith('/v1/imports?')) return json(200, { imports: [view], nextCursor: null });
    if (url.startsWith('/v1/orphans'))
      return json(200, { orphans: [orphan], deleted: [], left: [{ key: HOSTILE, why: HOSTILE }], unseen: [] });
    if (url.startsWith('/v1/reconcile')) {
      const lost = { kind: HOSTILE, id: HOSTILE, code: HOSTILE, startedIn: HOSTILE, action: HOSTILE };
      return json(200, { connected: HOSTILE, lost: [lost], done: [], left: [{ key: HOSTILE, why: HOSTILE }] });
    }
    if (url.startsWith('/readyz')) return json(200, ready);
    if (url.startsWith('/v1/batches?') && method === 'GET') {
      return json(200, {
        batches: [{ id: 'bat-1', name: HOSTILE, state: 'running', ended: 0, items: 1, createdAt: AT }],
        nextCursor: null,
      });
    }
    return json(
      200,
      url.startsWith('/v1/batches') ? batch : { ...shown, warnings: [{ path: HOSTILE, message: HOSTILE }] },
    );
  });
});
afterAll(() => api.close());

const output = (args: readonly string[]) => runInProcess([...args, '--api', api.url]);

const COMMANDS: readonly (readonly string[])[] = [
  ['status', 'imp-1'],
  ['status'],
  ['watch', 'imp-1'],
  ['list'],
  ['list', '--waiting'],
  ['report', 'imp-1'],
  ['cancel', 'imp-1'],
  ['resume', 'imp-1'],
  ['cancel', 'refused'],
  ['import', HOSTILE.replaceAll('\u0000', ''), '--region', 'r', '--bucket', 'b', '--name', 'n'],
  ['orphans'],
  ['reconcile'],
  ['batch', 'list'],
  ['batch', 'status', 'bat-1'],
  ['batch', 'status', 'bat-1', '--watch'],
  ['batch', 'report', 'bat-1'],
  ['inspect', `/nowhere/${HOSTILE.replaceAll('\u0000', '')}`],
  ['import', '--manifest', `/nowhere/${HOSTILE.replaceAll('\u0000', '')}`],
  ['list', '--limit', HOSTILE],
  [`--${HOSTILE}`],
];

describe.each([[[]], [['--json']]] as const)('with %j', (options) => {
  test.each(
    COMMANDS.map(
      (args) =>
        [
          args
            .join(' ')
            .slice(0, 40)
            .replaceAll(/[^ -~]/g, '?'),
          args,
        ] as const,
    ),
  )('%s → prints no control characters', async (_, args) => {
    for (const one of [view, failed]) {
      shown = one;
      const { stdout, stderr } = await output([...args, ...options]);
      expect(`${stdout}${stderr}`).not.toBe('');
      expect(stdout).not.toMatch(CONTROL);
      expect(stderr).not.toMatch(CONTROL);
    }
  });
});

test('status --json → the value that the API sent', async () => {
  shown = view;
  const { stdout } = await output(['status', 'imp-1', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ request: { imageName: HOSTILE }, attention: problem });
});
