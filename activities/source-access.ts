/** The access that sources of one import get: this worker's files, its cache, and OSS in the import's region. */
import { mapExtentsWith } from '../images/convert/qemu-img.js';
import type { SourceAccess } from '../sources/access.js';
import type { ActivityDependencies } from './dependencies.js';

export function sourceAccess(
  { openFile, cloud, uploading }: Pick<ActivityDependencies, 'openFile' | 'cloud' | 'uploading'>,
  region: string,
): SourceAccess {
  const { http, credential, cache, uploads, digests, host, programs } = uploading;
  return {
    ...{ openFile, http, credential, cache },
    get objects() {
      return cloud.oss(region);
    },

    async mapExtents(file, signal) {
      const qemuImg = await programs.qemuImg();
      return qemuImg === null ? null : await mapExtentsWith(qemuImg)(file, signal);
    },

    knownDigest: (version) => uploads.digest(`${host} ${version}`),

    async digestOf(version, signal, compute) {
      // A file with the same path and inode on another host is a different file.
      const key = `${host} ${version}`;
      const known = await uploads.digest(key);
      if (known !== null) return known;
      return await digests.run(key, signal, async () => {
        const digest = await compute();
        await uploads.noteDigest(key, digest);
        return digest;
      });
    },
  };
}
