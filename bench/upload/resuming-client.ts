/**
 * Uploads a file and notes its upload id as the service's ledger does; says `begun` when parts are about to be sent.
 * Arguments: endpoint, file, file for the note, bytes a second, parts at once.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createOss } from '../../alibaba/oss.js';
import { createPace } from '../../alibaba/upload/rate-limiter.js';
import { openFileSource } from '../../sources/file.js';

const [endpoint = '', file = '', notes = '', bytesPerSecond = '', lanesText = ''] = process.argv.slice(2);
const lanes = Number(lanesText);
const oss = createOss({
  ...{ endpoint, region: 'cn-hangzhou' },
  credentials: async () => ({ accessKeyId: 'bench', accessKeySecret: 'bench-secret' }),
  settings: { lanes, maxLanes: lanes },
  pace: createPace(Number(bytesPerSecond)),
});
const source = await openFileSource(file);
process.stdout.write('begun\n');
await oss.upload({
  ...{ bucket: 'bench', key: 'disk.raw', source, meta: {} },
  uploadId: existsSync(notes) ? readFileSync(notes, 'utf8') : null,
  onUploadId: async (id) => writeFileSync(notes, id),
  onProgress: () => undefined,
  signal: new AbortController().signal,
});
process.exit();
