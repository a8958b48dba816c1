/** The times in which an import waited for a user. */
import { expect, test } from 'vitest';
import { stopsIn } from '../../web/views/import/stops.js';

const event = (seconds: number, type: string, state: string, code?: string) => ({
  at: new Date(seconds * 1_000).toISOString(),
  ...{ type, state, phase: 'import' as const, detail: code === undefined ? {} : { code } },
});

test('an import that stopped twice → both times, the last one open', () => {
  expect(
    stopsIn([
      event(1, 'state', 'running'),
      event(10, 'attention', 'attention', 'Account.Arrearage'),
      event(11, 'note', 'attention'),
      event(70, 'state', 'running'),
      event(80, 'attention', 'attention', 'QuotaExceed'),
    ]),
  ).toEqual([
    { phase: 'import', code: 'Account.Arrearage', from: 10_000, to: 70_000 },
    { phase: 'import', code: 'QuotaExceed', from: 80_000, to: null },
  ]);
});

test('an import that was cancelled while it waited → the time ends with the cancel', () => {
  const stops = stopsIn([event(10, 'attention', 'attention', 'NoRole'), event(15, 'state', 'cancelling')]);
  expect(stops).toEqual([{ phase: 'import', code: 'NoRole', from: 10_000, to: 15_000 }]);
});
