/** A physical volume of LVM2 with one volume group, `vg0`. */
import { MIB } from './made-images.js';

/** Bytes of an extent. */
export const LVM_EXTENT = 8 * 512;
/** The first extent of the physical volume is here. */
export const LVM_DATA = MIB;

export interface MadeVolume {
  readonly name: string;
  /** As in the status of its metadata. */
  readonly visible?: boolean;
  /** Physical extents, each as a segment: `[first, count]`; or the type of a segment that is not linear. */
  readonly extents: readonly (readonly [first: number, count: number])[] | string;
  /** Further fields of that segment. */
  readonly more?: string;
}

/** @param bytes with the contents of the extents from `LVM_DATA` on; its first MiB is overwritten */
export function physicalVolume(bytes: Buffer, volumes: readonly MadeVolume[]): Buffer {
  bytes.fill(0, 0, LVM_DATA);
  bytes.write('LABELONE', 512);
  bytes.writeUInt32LE(32, 512 + 20);
  bytes.write('LVM2 001', 512 + 24);
  bytes.write('A'.repeat(32), 544);
  bytes.writeBigUInt64LE(BigInt(LVM_DATA), 544 + 40);
  bytes.writeBigUInt64LE(4096n, 544 + 40 + 32);
  bytes.writeBigUInt64LE(65_536n, 544 + 40 + 40);
  const metadata = `vg0 {\nextent_size = 8 # sectors\nphysical_volumes {\npv0 {\nid = "AAAAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAAAA"\npe_start = ${LVM_DATA / 512}\n}\n}\nlogical_volumes {\n${volumes.map(volumeText).join('')}}\n}\n`;
  bytes.write(' LVM2 x[5A%r0N*>', 4096 + 4, 'latin1');
  bytes.writeBigUInt64LE(65_536n, 4096 + 32);
  bytes.writeBigUInt64LE(512n, 4096 + 40);
  bytes.writeBigUInt64LE(BigInt(metadata.length), 4096 + 48);
  bytes.write(metadata, 4096 + 512);
  return bytes;
}

function volumeText({ name, visible = true, extents, more = '' }: MadeVolume): string {
  const status = `status = ["READ", "WRITE"${visible ? ', "VISIBLE"' : ''}]`;
  if (typeof extents === 'string') return `${name} {\n${status}\nsegment1 {\ntype = "${extents}"\n${more}\n}\n}\n`;
  let start = 0;
  const segments = extents.map(([first, count], index) => {
    const segment = `segment${index + 1} {\nstart_extent = ${start}\nextent_count = ${count}\ntype = "striped"\nstripe_count = 1\nstripes = [\n"pv0", ${first}\n]\n}\n`;
    start += count;
    return segment;
  });
  return `${name} {\n${status}\nsegment_count = ${extents.length}\n${segments.join('')}}\n`;
}
