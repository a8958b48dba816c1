import { expect, test } from 'vitest';
import { beginningOf, beginningsOf, contentOf, type Digest, digestOfRange } from '../../../images/stream/content.js';
import { CLUSTER_BYTES, layoutOf } from '../../../images/stream/layout.js';
import { compressed } from '../../support/images/stream/segment-bytes.js';

const cluster = (text: string, length = CLUSTER_BYTES) => Buffer.alloc(length, text);
const digestOf = (clusters: readonly (Uint8Array | null)[], level: 0 | 1 | null = 1) =>
  compressed(clusters.length, (index) => clusters[index] ?? null, level).digest;
const digest = (byte: number): Digest => new Uint8Array(32).fill(byte);

test('a segment compressed at any level, or only read → the same digest; holes and zeros are the same', () => {
  const found = [
    digestOf([cluster('a'), null, cluster('b')]),
    digestOf([cluster('a'), Buffer.alloc(CLUSTER_BYTES), cluster('b')], 0),
    digestOf([cluster('a'), null, cluster('b')], null),
  ];
  expect(new Set(found.map(beginningOf)).size).toBe(1);
  expect(compressed(1, () => cluster('a'), null).body.length).toBe(0);
});

test('a segment of zeros → no digest', () => {
  expect(digestOf([null, Buffer.alloc(CLUSTER_BYTES)])).toBeNull();
  expect(digestOfRange([null, null])).toBeNull();
});

test('the same clusters at other places → another digest', () => {
  const found = [
    digestOf([cluster('a'), null]),
    digestOf([null, cluster('a')]),
    digestOf([cluster('a'), cluster('a')]),
  ];
  expect(new Set(found.map(beginningOf)).size).toBe(3);
  const ranges = [digestOfRange([digest(1), null]), digestOfRange([null, digest(1)]), digestOfRange([digest(1)])];
  expect(new Set(ranges.map(beginningOf)).size).toBe(2);
});

test('a last cluster that is shorter → the digest of the cluster that the disk has there', () => {
  const whole = Buffer.concat([cluster('a', 512), Buffer.alloc(CLUSTER_BYTES - 512)]);
  expect(digestOf([cluster('a', 512)])).toEqual(digestOf([whole]));
});

test('the content of a disk → depends on its ranges and layout, not on the order in which they were read', () => {
  const layout = layoutOf(1024 ** 3);
  const content = contentOf(
    layout,
    new Map([
      [5, digest(5)],
      [2, digest(2)],
      [3, null],
    ]),
  );
  expect(
    contentOf(
      layout,
      new Map([
        [2, digest(2)],
        [5, digest(5)],
      ]),
    ),
  ).toEqual(content);
  expect(
    contentOf(
      layoutOf(2 * 1024 ** 3),
      new Map([
        [2, digest(2)],
        [5, digest(5)],
      ]),
    ).digest,
  ).not.toBe(content.digest);
  expect(
    contentOf(
      layout,
      new Map([
        [2, digest(5)],
        [5, digest(2)],
      ]),
    ).digest,
  ).not.toBe(content.digest);
  expect([...beginningsOf(content.ranges).keys()]).toEqual([2, 5]);
  expect(beginningsOf(content.ranges).get(5)).toBe(beginningOf(digest(5)));
});
