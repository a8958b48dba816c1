import { describe, expect, test } from 'vitest';
import { createLog } from '../../telemetry/log.js';
import { withLogContext } from '../../telemetry/log-context.js';

function logTo(format: 'json' | 'text') {
  const lines: string[] = [];
  const log = createLog({ name: 'worker', level: 'info', format, to: { write: (line) => void lines.push(line) } });
  return { log, lines };
}

describe('the log of a process', () => {
  test('has ISO time, the name of the level, and what the line belongs to', async () => {
    const { log, lines } = logTo('json');
    await withLogContext({ importId: 'imp-1', phase: 'upload', attempt: 2 }, async () => {
      await Promise.resolve();
      withLogContext({ requestId: 'r-1' }, () => log.warn({ bytes: 5 }, 'slow'));
    });
    log.info('alone');
    const [slow, alone] = lines.map((line): Record<string, unknown> => JSON.parse(line));
    expect(slow).toMatchObject({
      ...{ level: 'warn', name: 'worker', msg: 'slow', bytes: 5 },
      ...{ importId: 'imp-1', phase: 'upload', attempt: 2, requestId: 'r-1' },
    });
    expect(slow?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(alone).not.toHaveProperty('importId');
  });

  test('is one line of text on a terminal, which no text of a guest can control', () => {
    const { log, lines } = logTo('text');
    log.error({ file: '\u001b[2J', note: 'two words' }, 'cannot\nread');
    expect(lines[0]).toMatch(/^[\d:.]{12} ERROR worker: cannot read file=\\u001b\[2J note="two words"\n$/);
  });
});
