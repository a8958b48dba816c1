import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createOss } from '../../../alibaba/oss.js';
import { createRateLimiter, rateLimited } from '../../../alibaba/upload/rate-limiter.js';
import { openFileReader } from '../../../sources/file.js';
import { startRecorder } from '../../support/alibaba/oss-recorder.js';
import { simulatedClock } from '../../support/alibaba/upload/simulated-clock.js';

const signal = new AbortController().signal;

test('all uploads of a process together stay within 10 % of the rate', async () => {
  const chunk = 512 * 1024;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 100_000, max: 500_000_000 }),
      fc.integer({ min: 1, max: 12 }),
      async (rate, uploads) => {
        const clock = simulatedClock();
        const limiter = createRateLimiter(rate, clock);
        const chunks = 40;
        const upload = async () => {
          for (let sent = 0; sent < chunks; sent++) await limiter(chunk, signal);
        };
        await clock.run(Array.from({ length: uploads }, upload));
        const seconds = clock.now() / 1000;
        // What goes out before the first wait is on top.
        const speed = ((uploads * chunks - 1) * chunk) / seconds;
        expect(speed / rate).toBeGreaterThan(0.9);
        expect(speed / rate).toBeLessThan(1.1);
      },
    ),
    { numRuns: 20 },
  );
});

test('a whole upload stays within the rate, counted by the bytes that the cloud received, including resent parts', async () => {
  const [part, rate] = [128 * 1024, 1024 * 1024];
  const server = await startRecorder();
  const folder = await mkdtemp(join(tmpdir(), 'rate-limit-'));
  await writeFile(join(folder, 'disk.raw'), randomBytes(40 * part));
  let lost = 0;
  server.fault = ({ query }) => (query.get('partNumber') === '7' && lost++ === 0 ? { kind: 'reset-after' } : undefined);
  const clock = simulatedClock();
  const oss = createOss({
    ...{ endpoint: server.endpoint, region: 'cn-hangzhou', rateLimiter: createRateLimiter(rate, clock) },
    credentials: async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
    settings: { partSize: part, firstMs: 1 },
  });
  const source = await openFileReader(join(folder, 'disk.raw'));
  try {
    const upload = oss.upload({
      ...{ bucket: 'images', key: 'disk.raw', source, uploadId: null, meta: {}, signal },
      onUploadId: async () => undefined,
      onProgress: () => undefined,
    });
    await clock.run([upload]);
    expect(server.partBytes).toBe(41 * part);
    const speed = (server.partBytes - part) / (clock.now() / 1000);
    expect(speed / rate).toBeGreaterThan(0.9);
    expect(speed / rate).toBeLessThan(1.1);
  } finally {
    await source.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
});

test.each([1, 16])('%i parts share a rate → none waits longer than 2 s for its next bytes', async (parts) => {
  for (const rate of [150_000, 12_500_000]) {
    const clock = simulatedClock();
    const limiter = createRateLimiter(rate, clock);
    let longest = 0;
    let sent = 0;
    const send = async () => {
      let last = clock.now();
      for await (const piece of rateLimited([new Uint8Array(2 ** 21), new Uint8Array(2 ** 21 + 1)], limiter, signal)) {
        longest = Math.max(longest, clock.now() - last);
        last = clock.now();
        sent += piece.byteLength;
      }
    };
    await clock.run(Array.from({ length: parts }, send));
    expect(longest).toBeLessThanOrEqual(2_000);
    expect(sent).toBe(parts * (2 ** 22 + 1));
  }
});

test('after a pause → no burst', async () => {
  const clock = simulatedClock();
  const limiter = createRateLimiter(1000, clock);
  await clock.run([limiter(1000, signal)]);
  await clock.run([clock.sleep(60_000, signal)]);
  const from = clock.now();
  await clock.run([limiter(1000, signal), limiter(1000, signal), limiter(1000, signal)]);
  expect(clock.now() - from).toBe(2000);
});

test('cancelled while waiting → rejects immediately', async () => {
  const limiter = createRateLimiter(1);
  await limiter(1000, signal);
  const cancel = new AbortController();
  const waiting = limiter(1, cancel.signal);
  cancel.abort(new Error('cancelled'));
  await expect(waiting).rejects.toThrow('cancelled');
});
