/** The tables of the ledger that users read: in the report, and on the command line. */
import { expect, test } from 'vitest';
import { markdownReport } from '../../api/report.js';
import { ledger } from '../../cli/summary.js';
import type { LedgerEntryView } from '../../domain/import.js';
import { factsIn } from '../../domain/import-facts.js';
import { anImport } from '../support/client/fake-api.js';

const entries: readonly LedgerEntryView[] = [
  { kind: 'image', key: 'web-01', detail: { imageId: 'm-1' } },
  { kind: 'task', key: 't-1', detail: { imageId: 'm-1' } },
  { kind: 'object', key: 'oss://bucket/disk', detail: {} },
].map((entry) => ({
  ...(entry as Pick<LedgerEntryView, 'kind' | 'key' | 'detail'>),
  regionId: 'cn-hangzhou',
  status: 'created',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
}));

test.each([
  ['the command line', ledger(entries)],
  [
    'the report',
    markdownReport({ view: { ...anImport({ ledger: entries }), comparison: [] }, facts: factsIn([]), events: [] }),
  ],
])('%s lists an image and its task → each with its own ID', (_where, text) => {
  const lines = text.split('\n');
  expect(lines.find((line) => /\btask\b.*cn-hangzhou/.test(line))).toContain('t-1');
  expect(lines.find((line) => /\bimage\b.*cn-hangzhou/.test(line))).toContain('m-1');
});
