/** A batch file of any format is read item by item, and every problem is reported with its line. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BatchFileError, type Entry } from '../../batches/file/entries.js';
import { type BatchFormat, formatOf } from '../../batches/file/formats.js';
import { readEntries } from '../../batches/file/read.js';

/** Divides the file into chunks of any size, as a network does. */
async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(format: BatchFormat, text: string, size = 7): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of readEntries(format, cut(text, size))) entries.push(entry);
  return entries;
}

function refusal(format: BatchFormat, text: string): Promise<unknown> {
  return read(format, text).then(
    () => 'read',
    (error: unknown) => (error instanceof BatchFileError ? [error.line, error.reason] : error),
  );
}

const HEADER = { name: 'fleet', policy: { concurrency: 5 }, defaults: { region: 'cn-hangzhou' } };
const DISK = { source: 'file:///a,b "c".qcow2', diskImageSize: 40 };
const ITEM = { imageName: 'web-01 – ü', disks: [DISK], upload: { bucket: 'b' }, tags: { team: 'web' } };

const FILES: Readonly<Record<BatchFormat, string>> = {
  json: JSON.stringify({ ...HEADER, items: [ITEM, ITEM] }, null, 2),
  jsonl: [{ batch: HEADER }, ITEM, ITEM].map((one) => JSON.stringify(one)).join('\n'),
  csv: [
    '# Exported on Monday: nothing to see',
    '# name: fleet',
    '# policy: {concurrency: 5}',
    '# defaults: {region: cn-hangzhou}',
    'name,source,diskImageSize,bucket,tags.team',
    'web-01 – ü,"file:///a,b ""c"".qcow2",40,b,web',
    'web-01 – ü,"file:///a,b ""c"".qcow2",40,b,web',
  ].join('\r\n'),
  yaml: [
    'name: fleet',
    'policy: { concurrency: 5 }',
    'defaults:',
    '  region: cn-hangzhou',
    'items:',
    '  # the first',
    '  - imageName: "web-01 – ü"',
    '    disks:',
    '    - source: \'file:///a,b "c".qcow2\'',
    '      diskImageSize: 40',
    '    upload: { bucket: b }',
    '    tags: { team: web }',
    '  - imageName: "web-01 – ü"',
    '    disks: [{ source: \'file:///a,b "c".qcow2\', diskImageSize: 40 }]',
    '    upload: { bucket: b }',
    '    tags: { team: web }',
  ].join('\n'),
};
const LINES: Readonly<Record<BatchFormat, readonly number[]>> = {
  json: [10, 25],
  jsonl: [2, 3],
  csv: [6, 7],
  yaml: [7, 13],
};

describe.each(Object.keys(FILES) as BatchFormat[])('%s', (format) => {
  test.each([1, 3, 64, 100_000])('in chunks of %i bytes → header, items and their lines', async (size) => {
    const [header, ...items] = await read(format, FILES[format], size);
    expect(header).toMatchObject({ kind: 'header', header: HEADER });
    expect(items).toEqual(LINES[format].map((line) => ({ kind: 'item', line, value: ITEM })));
  });

  test('with invalid UTF-8 → rejected', async () => {
    const bytes = new TextEncoder().encode(FILES[format]);
    bytes[bytes.length - 8] = 0xff;
    const all = async () => {
      for await (const _ of readEntries(format, cutBytes(bytes)));
    };
    await expect(all()).rejects.toThrow(/UTF-8/);
  });

  test('without items → rejected or empty, without a hang', async () => {
    const result = await refusal(format, '');
    expect(format === 'jsonl' ? result === 'read' : Array.isArray(result)).toBe(true);
  });
});

describe('a file of any length whose header comes first → read as a stream, never completely in memory', () => {
  const name = (number: number) => `web-${number}-${'x'.repeat(100)}`;
  const parts: Readonly<Record<BatchFormat, readonly [string, (number: number) => string]>> = {
    json: [
      '{"name":"n","policy":{},"defaults":{},"items":[',
      (number) => `${number === 1 ? '' : ','}{"imageName":"${name(number)}"}`,
    ],
    jsonl: ['', (number) => `{"imageName":"${name(number)}"}\n`],
    csv: ['imageName,source\n', (number) => `${name(number)},a.qcow2\n`],
    yaml: ['name: n\npolicy: {}\ndefaults: {}\nitems:\n', (number) => `- imageName: ${name(number)}\n`],
  };

  test.each(Object.keys(parts) as BatchFormat[])('%s', async (format) => {
    const [start, itemOf] = parts[format];
    let sent = 0;
    async function* endless() {
      yield Buffer.from(start);
      for (;;) {
        sent += 1;
        yield Buffer.from(itemOf(sent));
      }
    }
    let [read, mostAhead] = [0, 0];
    for await (const entry of readEntries(format, endless())) {
      if (entry.kind !== 'item') continue;
      read += 1;
      mostAhead = Math.max(mostAhead, sent - read);
      if (read === 3_000) break;
    }
    expect(mostAhead).toBeLessThan(1_000);
  });
});

async function* cutBytes(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test.each([
  ['json', '{"name":"n","items":[{"a":1}],\n"policy":{"canary":1},"defaults":{"b":2}}'],
  ['yaml', 'name: n\nitems:\n  - a: 1\npolicy: { canary: 1 }\ndefaults:\n  b: 2\n'],
  ['yaml', 'name: n\nitems:\n- a: 1\n# c\npolicy: { canary: 1 }\ndefaults: { b: 2 }\n'],
] as const)('a %s header may stand behind the items', async (format, text) => {
  const [header, item, ...others] = await read(format, text);
  expect(header).toMatchObject({ header: { name: 'n', policy: { canary: 1 }, defaults: { b: 2 } } });
  expect(item).toMatchObject({ kind: 'item', value: { a: 1 } });
  expect(others).toEqual([]);
});

describe('a JSON file', () => {
  test('with only the list of items → read', async () => {
    expect(await read('json', '[ {"a": 1},\n "x" , 2,\n{"b":"]}"} ]')).toEqual([
      { kind: 'header', header: {}, line: 1 },
      { kind: 'item', line: 1, value: { a: 1 } },
      { kind: 'item', line: 2, value: 'x' },
      { kind: 'item', line: 2, value: 2 },
      { kind: 'item', line: 3, value: { b: ']}' } },
    ]);
  });

  test('with any items → the same values as JSON.parse', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { minLength: 1 }),
        fc.integer({ min: 1, max: 9 }),
        async (items, size) => {
          for (const space of [undefined, 2]) {
            const entries = await read('json', JSON.stringify({ items }, null, space), size);
            expect(entries.slice(1).map((entry) => (entry.kind === 'item' ? entry.value : entry))).toEqual(
              JSON.parse(JSON.stringify(items)),
            );
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('with one malformed item → reports its line and continues', async () => {
    const entries = await read('json', '{"items": [\n{"a": 1},\n{"a": one},\n{"a": 3}\n]}');
    expect(entries.map((entry) => (entry.kind === 'header' ? 'header' : [entry.kind, entry.line]))).toEqual([
      'header',
      ['item', 2],
      ['unreadable', 3],
      ['item', 4],
    ]);
  });

  test.each([
    ['{"items": [\n{"a": 1}\n', 3, /bracket is not closed/],
    ['{"items": [1\n2]}', 2, /comma/],
    ['{"name": "x"}', 1, /no items/],
    ['{"items": [1], "items": [2]}', 1, /twice/],
    ['hello', 1, /expected \{ or \[/],
  ])('%j → rejected with its line', async (text, line, reason) => {
    expect(await refusal('json', text)).toEqual([line, expect.stringMatching(reason)]);
  });
});

describe('a YAML file', () => {
  test('with only the list of items, or with anchors of its header → read', async () => {
    expect(await read('yaml', '# c\n- a: 1\n-\n  b: 2\n')).toEqual([
      { kind: 'header', header: {}, line: 1 },
      { kind: 'item', line: 2, value: { a: 1 } },
      { kind: 'item', line: 3, value: { b: 2 } },
    ]);
    const text = 'defaults: &d\n  region: r\nitems:\n- a: 1\n- <<: *d\n  b: 2\n';
    expect((await read('yaml', text)).slice(1)).toEqual([
      { kind: 'item', line: 4, value: { a: 1 } },
      { kind: 'item', line: 5, value: { region: 'r', b: 2 } },
    ]);
  });

  test('with one malformed item → reports the line of the error and continues', async () => {
    const entries = await read('yaml', 'items:\n  - a: 1\n  - a: 1\n    b: [\n  - a: 3\n');
    expect(entries.slice(1).map((entry) => (entry.kind === 'header' ? '' : [entry.kind, entry.line]))).toEqual([
      ['item', 2],
      ['unreadable', expect.any(Number)],
      ['item', 5],
    ]);
  });

  test.each([
    ['name: x\n', 1, /no items/],
    ['items: [a]\n', 1, /block list/],
    ['items:\n  - a: 1\nitems:\n  - b: 1\n', 3, /block list/],
    ['items:\n  - a: 1\n - b: 1\n', 3, /same column/],
    ['name: [\nitems:\n  - a: 1\n', 1, /not YAML/],
  ])('%j → rejected with its line', async (text, line, reason) => {
    expect(await refusal('yaml', text)).toEqual([line, expect.stringMatching(reason)]);
  });
});

describe('a CSV file', () => {
  test('with quoted line ends → correct line numbers; with empty cells → the defaults', async () => {
    const text =
      'imageName,description,upload.keepObject,distribute.regions\na,"one\ntwo",yes,\nb,,no,cn-beijing cn-hangzhou\n';
    expect((await read('csv', text)).slice(1)).toEqual([
      { kind: 'item', line: 2, value: { imageName: 'a', description: 'one\ntwo', upload: { keepObject: true } } },
      {
        kind: 'item',
        line: 4,
        value: {
          imageName: 'b',
          upload: { keepObject: false },
          distribute: { regions: ['cn-beijing', 'cn-hangzhou'] },
        },
      },
    ]);
  });

  test('with an image name of digits → kept as text', async () => {
    expect((await read('csv', 'imageName,diskImageSize\n0123,40\n'))[1]).toMatchObject({
      value: { imageName: '0123', disks: [{ diskImageSize: 40 }] },
    });
  });

  test('with a row of too many cells → reports its line and continues', async () => {
    const entries = await read('csv', 'imageName\na\nb,c\nd\n');
    expect(entries.slice(1).map((entry) => (entry.kind === 'header' ? '' : [entry.kind, entry.line]))).toEqual([
      ['item', 2],
      ['unreadable', 3],
      ['item', 4],
    ]);
  });

  test.each([
    ['imageName\n"open\n', /not CSV: column 1 \("imageName"\): a quoted cell is not closed/],
    ['__proto__.x\n1\n', /is not a valid column name/],
    ['# policy: [\nimageName\na\n', /not YAML/],
  ])('%j → rejected', async (text, reason) => {
    expect(await refusal('csv', text)).toEqual([expect.any(Number), expect.stringMatching(reason)]);
  });
});

test('a media type → the format of the file', () => {
  expect(formatOf('application/json; charset=utf-8')).toBe('json');
  expect(formatOf('application/x-ndjson')).toBe('jsonl');
  expect(formatOf('text/csv')).toBe('csv');
  expect(formatOf('application/yaml')).toBe('yaml');
  expect(formatOf('text/html')).toBeNull();
});
