/** Runs a worker inside a program: how it stops while it still starts. */
import { expect, test } from 'vitest';
import { staticCredentials } from '../../alibaba/credentials.js';
import { runWorker } from '../../workers/run-worker.js';

test('the signal aborts while PostgreSQL is unreachable → rejects with the reason of the signal, without waiting', {
  timeout: 10_000,
}, async () => {
  const shutdown = new AbortController();
  const reason = new Error('the program ends');
  const running = runWorker(
    {
      databaseUrl: 'postgres://user:password@127.0.0.1:9/none',
      temporal: { address: '127.0.0.1:9' },
      cloud: {
        endpoints: {},
        credentials: staticCredentials({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
      },
    },
    { signal: shutdown.signal },
  );
  setTimeout(() => shutdown.abort(reason), 100);
  await expect(running).rejects.toBe(reason);
});
