/** JSON documents of clients: a field that occurs twice is rejected with its place. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readJson } from '../../domain/json-document.js';

test.each([
  ['{"a":1,"a":2}', 'a', 1],
  ['{"a":1,\n"b":{"c":[{},{"d":1,\n"d":1}]}}', 'b.c[1].d', 3],
  ['[{"a":"\\"a\\":{","b":[1,2]},{"x":1,"\\u0078":2}]', '[1].x', 1],
  ['{"set":{"tags.a":"1","tags.a":"2"}}', 'set.tags.a', 1],
  ['{"a":{"a":{"a":[],"a":{}}}}', 'a.a.a', 1],
])('%s → rejected at %s in line %i', (text, path, line) => {
  const message = expect.stringContaining(`line ${line}`);
  expect(readJson(text)).toEqual({ ok: false, path, rule: 'repeatedField', message });
});

test('the same field in different objects → accepted', () => {
  const text = '{"a":{"a":1},"b":[{"a":1},{"a":[{"a":1}]},"a","a"],"c":"{\\"a\\":1,\\"a\\":1}"}';
  expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
});

test('any document that JSON.stringify writes → read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
    }),
  );
});

test('any text → read as JSON.parse reads it, or rejected', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0a1 \n') }), (text) => {
      const read = readJson(text);
      if (read.ok) expect(read.value).toEqual(JSON.parse(text));
      else if (read.rule === 'syntax') expect(() => JSON.parse(text)).toThrow();
    }),
  );
});
