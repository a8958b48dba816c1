import { defineConfig } from 'vitest/config';

/** CommonJS packages look in tests as they do in Node, or code that runs in one breaks in the other. */
const deps = { interopDefault: false };

/** Of these, `npm test` runs a share of the cases (test/support/share-of-cases.ts). */
const SHARED = [
  'test/activities/crash-after-changes.slow.test.ts',
  'test/e2e/attention-codes.slow.test.ts',
  'test/e2e/cancel.slow.test.ts',
  'test/e2e/workflows-from-outside.slow.test.ts',
  'test/faults/sample.slow.test.ts',
];

const quick = {
  // Only bounds what hangs: a machine may be ten times slower than another.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Vitest would leave a processor free, which is half of two.
  maxWorkers: '100%',
  // The SDKs take seconds to load; once a process is enough. No test changes what another one reads.
  isolate: false,
};

/** `fast`: pure rules, and parts that take milliseconds. `parts`: single parts that take seconds, on loopback. `slow`: real servers, processes that are killed, whole imports. `long`: not a part of `npm test`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          deps,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{part,slow,long}.test.ts'],
          ...quick,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'parts',
          deps,
          include: ['test/**/*.part.test.ts'],
          ...quick,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'slow',
          deps,
          include: ['test/**/*.slow.test.ts'],
          // Only bounds what hangs: each test has servers and kills of its own, and shares the machine with another file.
          testTimeout: 240_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 120_000, interval: 150 } },
          // After the fast ones. A file waits for servers and timers half of its time: two at a time use 1.5 of two processors.
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'long',
          deps,
          include: ['test/**/*.long.test.ts', ...SHARED],
          env: { TEST_ALL_CASES: '1' },
          testTimeout: 240_000,
          hookTimeout: 600_000,
          expect: { poll: { timeout: 120_000, interval: 150 } },
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
