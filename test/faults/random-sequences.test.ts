/** A sequence with a violation is shrunk to a minimum and printed for a replay. */
import { expect, test } from 'vitest';
import { isScript, type Script, search } from './random-sequences.js';

/** A planted fault of the service: an import that is cancelled after a crash of its worker leaves an object. */
const brokenBy = (script: Script) => {
  const crash = script.findIndex((move) => move.do === 'kill-worker');
  return crash >= 0 && script.slice(crash).some((move) => move.do === 'cancel');
};
const run = async (_sandbox: number, script: Script) => (brokenBy(script) ? ['imp-1 object b/k remains'] : []);

/** The JSON between the quotes of `--replay '…'`. */
function printedScript(line: string): unknown {
  return JSON.parse(/--replay '(.*)'$/.exec(line)?.[1] ?? 'null');
}

test('a sequence with a violation → shrunk to its minimum and printed with its seed', async () => {
  const [violation = '', printed = '', ...others] = await search({ runs: 500, seed: 7, concurrency: 1 }, run);
  expect(others).toEqual([]);
  expect(violation).toBe('imp-1 object b/k remains');
  expect(printed).toMatch(/^seed 7, replay with: npm run model -- --replay '/);
  const script = printedScript(printed);
  expect(script).toEqual([{ do: 'kill-worker' }, { do: 'cancel', of: 'first', keepImage: false }]);
  expect(isScript(script) && (await run(0, script))).toEqual(['imp-1 object b/k remains']);
});

test('the same seed → the same sequences, spread over all sandboxes', async () => {
  const drawn = async () => {
    const seen: string[] = [];
    const keep = async (sandbox: number, script: Script) => {
      seen.push(`${sandbox} ${JSON.stringify(script)}`);
      return [];
    };
    expect(await search({ runs: 50, seed: 3, concurrency: 4 }, keep)).toEqual([]);
    return seen.sort();
  };
  const first = await drawn();
  expect(first).toHaveLength(50);
  expect(await drawn()).toEqual(first);
});

test('each finished sequence → reported; one with a violation, with its steps and the violation', async () => {
  const lines: string[] = [];
  await search({ runs: 20, seed: 7, concurrency: 2, say: (line) => lines.push(line) }, async () => []);
  expect(lines.at(-1)).toMatch(/^20 ended after \d+ s$/);
  await search({ runs: 1, seed: 7, concurrency: 1, say: (line) => lines.push(line) }, async () => ['broken']);
  expect(lines.some((line) => /^BROKEN by \[.*\]: broken$/.test(line))).toBe(true);
});
