import { defineConfig } from 'vitest/config';

/** CommonJS packages look in tests as they do in Node, or code that runs in one breaks in the other. */
const deps = { interopDefault: false };

/** `fast`: pure rules and single parts on loopback. `slow`: real servers, processes that are killed, whole imports. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          deps,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts'],
          testTimeout: 15_000,
          // Vitest would leave a processor free, which is half of two.
          maxWorkers: '100%',
          sequence: { groupOrder: 0 },
          // The SDKs take seconds to load; once a process is enough. No test changes what another one reads.
          isolate: false,
        },
      },
      {
        test: {
          name: 'slow',
          deps,
          include: ['test/**/*.slow.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          // One after the other, and after the fast ones: each has servers and kills of its own.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
