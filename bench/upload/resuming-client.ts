/**
 * Uploads a file and stores its upload id, as the service's ledger does. Prints `started` before it sends the first part.
 * Arguments: endpoint, file, file for the upload id, bytes per second, concurrent parts.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createOss } from '../../alibaba/oss.js';
import { createRateLimiter } from '../../alibaba/upload/rate-limiter.js';
import { openFileReader } from '../../sources/file.js';

const [endpoint = '', file = '', uploadIdFile = '', bytesPerSecond = '', concurrentText = ''] = process.argv.slice(2);
const concurrentParts = Number(concurrentText);
const oss = createOss({
  ...{ endpoint, region: 'cn-hangzhou' },
  credentials: async () => ({ accessKeyId: 'bench', accessKeySecret: 'bench-secret' }),
  settings: { concurrentParts, maxConcurrentParts: concurrentParts },
  rateLimiter: createRateLimiter(Number(bytesPerSecond)),
});
const source = await openFileReader(file);
process.stdout.write('started\n');
await oss.upload({
  ...{ bucket: 'bench', key: 'disk.raw', source, meta: {} },
  uploadId: existsSync(uploadIdFile) ? readFileSync(uploadIdFile, 'utf8') : null,
  onUploadId: async (id) => writeFileSync(uploadIdFile, id),
  onProgress: () => undefined,
  signal: new AbortController().signal,
});
process.exit();
