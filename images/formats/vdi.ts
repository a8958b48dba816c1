/** VDI (VirtualBox). ECS does not import it; the import can convert it. */
import { mappedSource, UnreadableError, u64le } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';
import { CONVERT_TO_QCOW2, COPY_AGAIN, type Container, type OpenContainer } from './container.js';

const SIGNATURE = 0xbeda107f;
const TYPES: Readonly<Record<number, string>> = { 1: 'dynamic', 2: 'fixed', 3: 'undo', 4: 'differencing' };
const MAX_BLOCKS = 16 * 1024 * 1024;
/** 0xfffffffe: written with zeros. 0xffffffff: never written. */
const FIRST_UNALLOCATED = 0xffff_fffe;

export const openVdi: OpenContainer = (file, findings) => {
  if (file.size < 512 || file.read(64, 4).readUInt32LE(0) !== SIGNATURE) return null;
  findings.add(
    'warning',
    'ECSIMPORT.Format',
    'ECS does not import VDI: the image must be converted',
    'signature at byte 64',
    CONVERT_TO_QCOW2,
  );
  return unlessUnreadable<Container>(
    () => {
      const header = file.read(0, 512);
      const type = header.readUInt32LE(76);
      const subformat = TYPES[type] ?? `type ${type}`;
      const virtualSize = u64le(header, 368);
      const blockSize = header.readUInt32LE(376);
      const blocks = header.readUInt32LE(384);
      if (type !== 1 && type !== 2) {
        findings.add(
          'blocking',
          'ECSIMPORT.BackingFile',
          'The image has only the differences from a parent disk, which the import does not upload',
          `header: image type ${type}`,
          CONVERT_TO_QCOW2,
        );
        return { format: 'VDI', subformat, virtualSize, disk: null };
      }
      if (blockSize < 512 || blocks > MAX_BLOCKS || blocks * blockSize < virtualSize) {
        throw new UnreadableError(`header: ${blocks} blocks of ${blockSize} bytes for a disk of ${virtualSize}`);
      }
      const table = file.read(header.readUInt32LE(340), blocks * 4);
      const data = header.readUInt32LE(344);
      let missing = 0;
      for (let block = 0; block < blocks; block += 1) {
        const entry = table.readUInt32LE(block * 4);
        if (entry < FIRST_UNALLOCATED && data + (entry + 1) * blockSize > file.size) missing += 1;
      }
      if (missing > 0) {
        const evidence = `block map compared with a file of ${file.size} bytes`;
        const message = `The file is truncated: ${missing} blocks of the disk are after its end`;
        findings.add('blocking', 'ECSIMPORT.Truncated', message, evidence, COPY_AGAIN);
      }
      const disk = mappedSource(virtualSize, 'the disk', (offset) => {
        const block = Math.floor(offset / blockSize);
        const inside = offset - block * blockSize;
        const entry = table.readUInt32LE(block * 4);
        const at = entry < FIRST_UNALLOCATED ? { source: file, offset: data + entry * blockSize + inside } : null;
        return { at, length: blockSize - inside };
      });
      return { format: 'VDI', subformat, virtualSize, disk };
    },
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Damaged', 'The VDI is truncated or damaged', reason, COPY_AGAIN);
      return { format: 'VDI', subformat: null, virtualSize: null, disk: null };
    },
  );
};
