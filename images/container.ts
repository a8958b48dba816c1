/** Detects the container format of a file from its content, never from its name. */
import type { ByteSource } from './bytes.js';
import type { FindingList } from './findings.js';
import { openArchive } from './formats/archive.js';
import { openCompressed } from './formats/compressed.js';
import type { Container, OpenContainer } from './formats/container.js';
import { openQcow2 } from './formats/qcow2.js';
import { openRaw } from './formats/raw.js';
import { openUnsupported } from './formats/unsupported.js';
import { openVdi } from './formats/vdi.js';
import { openVhd } from './formats/vhd.js';
import { openVhdx } from './formats/vhdx.js';
import { openVmdk } from './formats/vmdk.js';

/**
 * Formats with a magic number at byte 0 come first. A fixed VHD has only a footer, so its first bytes can resemble any
 * format. RAW is the fallback.
 */
const OPENERS: readonly OpenContainer[] = [
  openQcow2,
  openVhdx,
  openVmdk,
  openVdi,
  openVhd,
  openCompressed,
  openArchive,
  openUnsupported,
];

export function openContainer(file: ByteSource, findings: FindingList): Container {
  for (const open of OPENERS) {
    const container = open(file, findings);
    if (container !== null) return container;
  }
  const raw = openRaw(file, findings);
  return raw ?? { format: 'UNKNOWN', subformat: null, virtualSize: null, disk: null };
}
