/** BitLocker's metadata (libyal's description of the format): which keys can unlock the volume. Nothing is decrypted. */
import { type ByteSource, printable, u64le } from '../bytes.js';
import { guid } from './partitions.js';

export interface BitLocker {
  readonly uuid: string;
  readonly label: string | null;
  /** What unlocks the volume, e.g. `TPM`, `recovery password`. */
  readonly protectors: readonly string[];
  /** Protection is suspended: the key is on the volume in clear. */
  readonly isSuspended: boolean;
}

const SIGNATURE = '-FVE-FS-';
const BLOCK_HEADER = 64;
const METADATA_HEADER = 48;
const MAX_METADATA = 64 * 1024;
const MAX_ENTRIES = 1000;
const ENTRY = { volumeMasterKey: 2, description: 7 } as const;
const CLEAR_KEY = 0;
const PROTECTORS: Readonly<Record<number, string>> = {
  [CLEAR_KEY]: 'clear key',
  256: 'TPM',
  512: 'startup key',
  1280: 'TPM and PIN',
  1536: 'TPM and startup key',
  2048: 'recovery password',
  8192: 'password',
};

/** Null: no metadata where the volume header says. Throws UnreadableError if they are outside of the volume. */
export function readBitLocker(source: ByteSource): BitLocker | null {
  const header = source.read(0, 512);
  for (const field of [176, 184, 192]) {
    const at = u64le(header, field);
    if (at === 0 || at + BLOCK_HEADER + METADATA_HEADER > source.size) continue;
    const block = source.read(at, Math.min(MAX_METADATA, source.size - at));
    if (block.toString('latin1', 0, 8) === SIGNATURE) return metadata(block);
  }
  return null;
}

function metadata(block: Buffer): BitLocker {
  const end = Math.min(block.length, BLOCK_HEADER + block.readUInt32LE(BLOCK_HEADER));
  const protectors = new Set<number>();
  let label: string | null = null;
  let at = BLOCK_HEADER + METADATA_HEADER;
  for (let entries = 0; at + 8 <= end && entries < MAX_ENTRIES; entries += 1) {
    const size = block.readUInt16LE(at);
    if (size < 8 || at + size > end) break;
    const type = block.readUInt16LE(at + 2);
    // A key: its GUID, the time of its change, two bytes, then its protection.
    if (type === ENTRY.volumeMasterKey && size >= 8 + 28) protectors.add(block.readUInt16LE(at + 8 + 26));
    if (type === ENTRY.description)
      label = printable(block.toString('utf16le', at + 8, at + size).replace(/\0.*$/s, '')) || null;
    at += size;
  }
  return {
    uuid: guid(block, BLOCK_HEADER + 16),
    label,
    protectors: [...protectors].map((one) => PROTECTORS[one] ?? `protector 0x${one.toString(16)}`),
    isSuspended: protectors.has(CLEAR_KEY),
  };
}
