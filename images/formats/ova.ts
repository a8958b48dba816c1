/** OVA: a tar archive with a descriptor and disks. Reads the single disk in place, without extracting it. */
import { type ByteSource, printable, slice, UnreadableError } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { COPY_AGAIN, type Container } from './container.js';
import { openVmdk } from './vmdk.js';

const BLOCK = 512;
const MAX_ENTRIES = 1_000;
const INVALID_SIZE = 'a tar header has an invalid size';
/** Entries with metadata of the next entry: long names and extended attributes. */
const METADATA_TYPES = ['L', 'K', 'x', 'g'];

interface Entry {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** @param file starts with the tar header of a descriptor (.ovf) */
export function openOva(file: ByteSource, findings: FindingList): Container {
  const noDisk: Container = { format: 'OVA', subformat: null, virtualSize: null, disk: null };
  return unlessUnreadable<Container>(
    () => {
      const disks = entriesOf(file).flatMap((entry) => {
        const bytes = slice(file, entry.offset, entry.size, printable(entry.name));
        return hasDisk(bytes) ? [{ entry, bytes }] : [];
      });
      const [only] = disks;
      if (only === undefined || disks.length > 1) {
        findings.add(
          'blocking',
          'ECSIMPORT.OvaDisks',
          `The OVA has ${disks.length} supported disks; it must have exactly one`,
          disks.map(({ entry }) => printable(entry.name)).join(', ') || 'no VMDK in the archive',
          'Run tar -xf FILE, and import each disk as a separate source, the system disk first.',
        );
        return noDisk;
      }
      const { offset, size, name } = only.entry;
      const disk = openVmdk(only.bytes, findings);
      if (disk === null) return noDisk;
      return { ...disk, format: 'OVA', contains: { name: printable(name), format: disk.format, offset, size } };
    },
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Truncated', 'The OVA is truncated or damaged', reason, COPY_AGAIN);
      return noDisk;
    },
  );
}

function hasDisk(bytes: ByteSource): boolean {
  return bytes.size >= BLOCK && bytes.read(0, 4).toString('latin1') === 'KDMV';
}

function entriesOf(file: ByteSource): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + BLOCK <= file.size && entries.length < MAX_ENTRIES; ) {
    const header = file.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) break;
    if (header.toString('latin1', 257, 262) !== 'ustar') throw new UnreadableError(`no tar header at byte ${at}`);
    const size = sizeIn(header);
    const type = header.toString('latin1', 156, 157);
    const offset = at + BLOCK;
    if (offset + size > file.size) throw new UnreadableError(`the archive ends within the entry at byte ${at}`);
    if (!METADATA_TYPES.includes(type)) {
      entries.push({ name: header.toString('utf8', 0, 100).replace(/\0.*$/s, ''), offset, size });
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

/** Octal digits, or for sizes from 8 GiB binary, marked by the highest bit. */
function sizeIn(header: Buffer): number {
  if (((header[124] ?? 0) & 0x80) !== 0) {
    if (header.subarray(125, 129).some((byte) => byte !== 0)) throw new UnreadableError(INVALID_SIZE);
    const size = header.readBigUInt64BE(128);
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new UnreadableError(INVALID_SIZE);
    return Number(size);
  }
  const digits = header
    .toString('latin1', 124, 136)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw new UnreadableError(INVALID_SIZE);
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
