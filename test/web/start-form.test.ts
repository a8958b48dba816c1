/** The form that starts an import: words for every field, and sources as a person types them. */
import { expect, test } from 'vitest';
import { sourceProblems } from '../../domain/request/source-rules.js';
import { en } from '../../web/messages/en/index.js';
import { type FieldPath, type FieldSchema, pathText, REQUEST_SCHEMA, withFileUrls } from '../../web/views/new/draft.js';
import { labelKey, requestFields } from '../../web/views/new/labels.js';

function fieldsOf(schema: FieldSchema, path: FieldPath = []): readonly FieldPath[] {
  const { properties, items } = schema;
  if (properties !== undefined)
    return Object.entries(properties).flatMap(([name, one]) => fieldsOf(one, [...path, name]));
  return items?.properties === undefined ? [path] : fieldsOf(items, [...path, 0]);
}

test('every field of a request → a label in words, another one than that of every other field', () => {
  const paths = fieldsOf(REQUEST_SCHEMA);
  expect(paths.map(pathText)).toEqual(expect.arrayContaining(['upload.bucket', 'disks[0].source', 'tags']));
  const keys = paths.map(labelKey);
  expect(paths.filter((_, index) => keys[index] === null)).toEqual([]);
  expect(new Set(keys.map((key) => key && en[key])).size).toBe(paths.length);
});

test('the fields that a change suggests → fields of a request', () => {
  const suggested = requestFields().map(({ path }) => path);
  expect(fieldsOf(REQUEST_SCHEMA).map(pathText)).toEqual(expect.arrayContaining(suggested));
  expect(suggested).toEqual(expect.arrayContaining(['role', 'upload.bucket', 'disks[0].source']));
});

test.each([
  ['/images/web 01.qcow2', 'file:///images/web%2001.qcow2'],
  ['/images/100%.raw', 'file:///images/100%25.raw'],
  ['/images/a?b#c\\d.raw', 'file:///images/a%3Fb%23c%5Cd.raw'],
  ['/映像/一.raw', 'file:///%E6%98%A0%E5%83%8F/%E4%B8%80.raw'],
])('the path %s as a source → a file URL that the API accepts', (source, url) => {
  const request = withFileUrls({ imageName: 'a', disks: [{ source }, { source: 'oss://b/c.raw' }] });
  expect(request).toEqual({ imageName: 'a', disks: [{ source: url }, { source: 'oss://b/c.raw' }] });
  expect(sourceProblems(url)).toEqual([]);
});

test.each([[{}], [{ disks: 'none' }], [{ disks: [null, {}, { source: 1 }, { source: 'images/a.raw' }] }]])(
  'the draft %j without a path → unchanged',
  (draft) => {
    expect(withFileUrls(draft)).toEqual(draft);
  },
);
