/** Progress on terminals: one line that is rewritten, cut at the width; plain lines everywhere else. */
import { describe, expect, test } from 'vitest';
import { isTerminal, openLiveView, type Screen } from '../../cli/live-view.js';
import type { Progress } from '../../domain/import.js';

const QUIET = { json: false, verbose: false };

const progress: Progress = {
  ...{ phase: 'distribution', percent: 42, bytesDone: 1_500_000_000, bytesTotal: 3_000_000_000 },
  ...{ bytesPerSecond: 12_000_000, etaSeconds: 3_700 },
};

function screenOf(more: Partial<Screen>) {
  const written: string[] = [];
  return { screen: { ...more, write: (text: string) => written.push(text) }, written };
}

describe('a progress line', () => {
  test.each([20, 40, 60, 80, 200])('on a terminal of %i columns → shorter than one row', (columns) => {
    const { screen, written } = screenOf({ isTTY: true, columns });
    const view = openLiveView(screen, QUIET);
    view.progress(progress, 'cancelling', null);
    const text = written.join('').replace('\r\u001b[2K', '');
    view.close();
    expect(text.length).toBeLessThan(columns);
    expect(text).toMatch(/^> distribution/);
  });

  test('a wait → its reason instead of the figures, with its age at the time that it is shown', () => {
    const { screen, written } = screenOf({ isTTY: true, columns: 60 });
    const view = openLiveView(screen, QUIET);
    view.progress(progress, 'running', (now) => `waiting for a worker of host web-3 ${now > 0 ? 'since 2 min' : ''}`);
    expect(written.at(-1)).toBe('\r\u001b[2K> waiting for a worker of host web-3 since 2 min');
    view.close();
  });

  test('--progress=json → each event as one line of JSON, with the figures at the top', () => {
    const { screen, written } = screenOf({ isTTY: true });
    const view = openLiveView(screen, { ...QUIET, json: true, progress: 'json' });
    const event = { type: 'progress', at: '2026-11-29T10:00:00.000Z', message: '42 %\u001b', detail: { ...progress } };
    view.event({ ...event, phase: 'upload', state: 'running' });
    view.progress(progress, 'running', null);
    expect(written).toHaveLength(1);
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      type: 'progress',
      state: 'running',
      bytesPerSecond: 12_000_000,
    });
    expect(written[0]).not.toContain('\u001b');
  });

  test('outside a terminal → a plain line without control characters', () => {
    const { screen, written } = screenOf({});
    let now = 0;
    const view = openLiveView(screen, QUIET, () => now);
    now = 60_000;
    view.progress(progress, 'running', null);
    expect(written.join('')).toMatch(/^00:01:00 distribution {2}42 % {2}1\.4 GiB of 2\.8 GiB .*\n$/);
    view.close();
    expect(written.join('').trimEnd()).not.toMatch(/\p{Cc}/u);
  });
});

test('a dumb terminal, which cannot clear a line → treated as no terminal', () => {
  const screen = { write: () => true, isTTY: true };
  expect([isTerminal(screen, { TERM: 'xterm' }), isTerminal(screen, { TERM: 'dumb' })]).toEqual([true, false]);
});
