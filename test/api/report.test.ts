/** The report of an import: everything that an audit asks for, in Markdown and JSON. */
import { describe, expect, test } from 'vitest';
import { jsonReport, markdownReport } from '../../api/report.js';
import type { ImportEvent } from '../../domain/import.js';
import { type CallFacts, factsIn, type ImportFact } from '../../domain/import-facts.js';
import type { ImportReport } from '../../imports/read.js';
import { anImport } from '../support/client/fake-api.js';

const AT = '2026-11-01T00:00:00.000Z';
const by = { client: 'ecs-image-import/1.0.0', user: 'ada@build-1', identity: null };
const event = (id: number, message: string, detail: ImportEvent['detail']) => ({
  ...({ id, at: AT, type: 'note', phase: 'upload', state: 'running', message, detail } as const),
});
const FACTS: readonly ImportFact[] = [
  { kind: 'shares', regionId: 'cn-beijing', imageId: 'm-2', accounts: ['1000000000000002'] },
  { kind: 'account', accountId: '1000000000000001' },
  { kind: 'settings', settings: { platform: 'Debian', bootMode: 'UEFI', description: null, tags: { team: 'web' } } },
  {
    ...{ kind: 'disk', disk: 1, source: '/images/web-01.qcow2', sourceBytes: 1_000, sha256: 'ab'.repeat(32) },
    ...{ sentAs: 'converted', format: 'QCOW2', object: 'oss://images/imports/web.qcow2' },
    ...{ objectBytes: 500, crc64: '42' },
  },
];
const base = anImport();
const CALLS: readonly CallFacts[] = [
  { at: AT, phase: 'cleanup', service: 'oss', action: 'DeleteObject', requestId: 'request-7' },
];

const report: ImportReport = {
  view: {
    ...anImport({
      request: { ...base.request, tags: { team: 'web' } },
      error: { code: 'X', message: 'failed', remedy: 'Fix it.', requestId: 'request-9', phase: 'import' },
      ledger: [
        {
          ...{ kind: 'image', key: 'web-01', regionId: 'cn-hangzhou', status: 'created', createdAt: AT, updatedAt: AT },
          detail: { imageId: 'm-1', requestId: 'request-1' },
        },
      ],
    }),
    comparison: [],
  },
  facts: factsIn(FACTS, 'bat-1', CALLS),
  events: [
    event(1, 'accepted', { by }),
    event(2, 'resume requested', { code: 'QuotaExceed.Image', by: { ...by, user: 'bob@laptop' } }),
    event(3, 'cancel requested', { keepImage: false, by: { client: 'curl/8', user: null, identity: null } }),
    event(4, 'image created: web-01', { kind: 'image', requestId: 'request-1' }),
  ],
};

test('Markdown → account, requesters, sources, settings, shares, tags and request IDs', () => {
  const text = markdownReport(report);
  for (const line of [
    '- account: 1000000000000001',
    '- batch: bat-1',
    '- tag: team=web',
    'Request ID: request-9',
    `| ${AT} | accepted | ada@build-1 | ecs-image-import/1.0.0 |  |`,
    `| ${AT} | resume requested | bob@laptop | ecs-image-import/1.0.0 |  |`,
    `| ${AT} | cancel requested |  | curl/8 |  |`,
    `| 1 | /images/web-01.qcow2 | 1000 | ${'ab'.repeat(32)} | converted | QCOW2 | oss://images/imports/web.qcow2 | 500 | 42 |`,
    '| platform | Debian |',
    '| description | not sent |',
    '| tags | {"team":"web"} |',
    '| image | m-1 | cn-hangzhou | created | request-1 |',
    '| m-2 | cn-beijing | 1000000000000002 |',
    `| ${AT} | cleanup | oss | DeleteObject | request-7 |`,
  ]) {
    expect(text).toContain(line);
  }
});

test('JSON → the import with the same facts', () => {
  expect(jsonReport(report)).toMatchObject({
    id: 'imp-1',
    accountId: '1000000000000001',
    batchId: 'bat-1',
    startedBy: by,
    actions: [{ what: 'accepted' }, { what: 'resume requested' }, { what: 'cancel requested' }],
    settings: { platform: 'Debian', description: null },
    sources: [{ disk: 1, sha256: 'ab'.repeat(32), sourceBytes: 1_000, format: 'QCOW2', sentAs: 'converted' }],
    shares: [{ regionId: 'cn-beijing', imageId: 'm-2', accounts: ['1000000000000002'] }],
    calls: CALLS,
    events: report.events,
  });
});

test('a disk without digest → reports that it is not computed, and the CRC-64 of the object', () => {
  const facts = FACTS.map((fact) => (fact.kind === 'disk' ? { ...fact, sha256: null } : fact));
  const without = { ...report, facts: factsIn(facts) };
  expect(markdownReport(without)).toContain('| 1 | /images/web-01.qcow2 | 1000 | not computed | converted | QCOW2 |');
  expect(jsonReport(without)).toMatchObject({ sources: [{ sha256: null, crc64: '42' }] });
});

describe('an import without facts', () => {
  test('as of an earlier version → reports that they are not known', () => {
    const bare: ImportReport = { view: { ...anImport(), comparison: [] }, facts: factsIn([]), events: [] };
    expect(markdownReport(bare)).toContain('- account: not known yet');
    expect(jsonReport(bare)).toMatchObject({
      accountId: null,
      startedBy: null,
      settings: null,
      sources: [],
      shares: [],
    });
  });
});
