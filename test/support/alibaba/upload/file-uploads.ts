/** Uploads of one file, in parts, to a recorded bucket with short times. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOss, type OssSettings } from '../../../../alibaba/oss.js';
import type { UploadInput } from '../../../../alibaba/oss-api.js';
import { openFileReader } from '../../../../sources/file.js';
import { startRecorder } from '../oss-recorder.js';

export const PART = 128 * 1024;
export const SIZE = 10 * PART + 1234;
export const bytes = randomBytes(SIZE);

type FileUpload = Omit<UploadInput, 'source'> & { readonly file: string };

export type FileUploads = Awaited<ReturnType<typeof openFileUploads>>;

export async function openFileUploads() {
  const server = await startRecorder();
  const folder = await mkdtemp(join(tmpdir(), 'upload-'));
  const file = join(folder, 'disk.raw');
  await writeFile(file, bytes);
  let token = 0;

  function input(changes: Partial<FileUpload> = {}): FileUpload {
    return {
      ...{ bucket: 'images', key: "imports/ü b!'(x)*.raw", file, uploadId: null, meta: { 'import-id': 'i-1' } },
      onUploadId: async () => undefined,
      onProgress: () => undefined,
      signal: new AbortController().signal,
      ...changes,
    };
  }

  return {
    server,
    folder,
    file,
    input,
    oss(settings: Partial<OssSettings> = {}, securityToken = () => `t-${token++}`) {
      const api = createOss({
        endpoint: server.endpoint,
        region: 'cn-hangzhou',
        credentials: async () => ({
          accessKeyId: 'emulator',
          accessKeySecret: 'emulator-secret',
          securityToken: securityToken(),
        }),
        settings: { partSize: PART, firstMs: 1, maxMs: 5, maxAttempts: 4, stallMs: 400, ...settings },
      });
      return {
        async uploadFile({ file: path, ...rest }: FileUpload) {
          const source = await openFileReader(path);
          return await api.upload({ ...rest, source }).finally(() => source.close());
        },
      };
    },
    stored: () => server.objects.get(input().key),
    partPuts: () => server.requests.filter((request) => request.method === 'PUT'),
    async close(): Promise<void> {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
