/** The inspection of a plain raw disk, with the changes of a test. */
import type { Inspection } from '../../../../images/inspection.js';

export function inspectionOf(changes: Partial<Inspection> = {}): Inspection {
  return {
    ...{ format: 'RAW', subformat: null, virtualSize: 1024 ** 3, fileSize: 1024 ** 3, allocatedSize: 1024 ** 3 },
    ...{ contains: null, diskImageSizeGiB: 1, partitionTable: null, volumes: [], architecture: null, bootMode: null },
    ...{ bootModes: [], bootChain: [], osType: null },
    ...{ platform: null, osVersion: null, osName: null, kernelVersion: null },
    ...{ hostName: null, packageFormat: null, mounts: [] },
    ...{ cloudInitVersion: null, nvmeSupport: null, findings: [], depth: 'guest' },
    ...changes,
  };
}
