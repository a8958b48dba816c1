/** OVA: a tar archive of a descriptor and disks. Its one disk is read where it lies in the archive. */
import { type ByteSource, printable, slice, UnreadableError } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { COPY_AGAIN, type Container } from './container.js';
import { openVmdk } from './vmdk.js';

const BLOCK = 512;
const MAX_ENTRIES = 1_000;
/** Entries that only describe the next one: long names and extended attributes. */
const DESCRIBING = ['L', 'K', 'x', 'g'];

interface Entry {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** @param file begins with a tar header whose entry is a descriptor (.ovf) */
export function openOva(file: ByteSource, findings: FindingList): Container {
  const nothing: Container = { format: 'OVA', subformat: null, virtualSize: null, disk: null };
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
          `The OVA holds ${disks.length} disks that can be read; one import disk is made of one`,
          disks.map(({ entry }) => printable(entry.name)).join(', ') || 'no VMDK in the archive',
          'tar -xf FILE, then give each disk as a source of its own, the system disk first.',
        );
        return nothing;
      }
      const { offset, size, name } = only.entry;
      const disk = openVmdk(only.bytes, findings);
      if (disk === null) return nothing;
      return { ...disk, format: 'OVA', contains: { name: printable(name), format: disk.format, offset, size } };
    },
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Truncated', 'The OVA is cut off or damaged', reason, COPY_AGAIN);
      return nothing;
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
    if (offset + size > file.size)
      throw new UnreadableError(`the archive ends in the middle of an entry at byte ${at}`);
    if (!DESCRIBING.includes(type)) {
      entries.push({ name: header.toString('utf8', 0, 100).replace(/\0.*$/s, ''), offset, size });
    }
    at = offset + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

/** In octal digits, or beyond 8 GiB in binary, marked by the highest bit. */
function sizeIn(header: Buffer): number {
  if (((header[124] ?? 0) & 0x80) !== 0) {
    if (header.subarray(125, 129).some((byte) => byte !== 0)) throw new UnreadableError('tar header: size');
    const size = header.readBigUInt64BE(128);
    if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new UnreadableError('tar header: size');
    return Number(size);
  }
  const digits = header
    .toString('latin1', 124, 136)
    .replace(/[\0 ]+$/, '')
    .trim();
  if (!/^[0-7]*$/.test(digits)) throw new UnreadableError('tar header: size');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
