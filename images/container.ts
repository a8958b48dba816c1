/** The container format of a file, told from its bytes, never from its name. */
import type { ByteSource } from './bytes.js';
import type { FindingList } from './findings.js';
import { openCompressed } from './formats/compressed.js';
import type { Container, OpenContainer } from './formats/container.js';
import { openPacked } from './formats/packed.js';
import { openQcow2 } from './formats/qcow2.js';
import { openRaw } from './formats/raw.js';
import { openVdi } from './formats/vdi.js';
import { openVhd } from './formats/vhd.js';
import { openVhdx } from './formats/vhdx.js';
import { openVmdk } from './formats/vmdk.js';

/**
 * A format with a magic at byte 0 goes first. A fixed VHD has its footer at the end only, so its disk may begin like
 * anything; RAW is what remains.
 */
const OPENERS: readonly OpenContainer[] = [openQcow2, openVhdx, openVmdk, openVdi, openVhd, openCompressed, openPacked];

export function openContainer(file: ByteSource, findings: FindingList): Container {
  for (const open of OPENERS) {
    const container = open(file, findings);
    if (container !== null) return container;
  }
  const raw = openRaw(file, findings);
  return raw ?? { format: 'UNKNOWN', subformat: null, virtualSize: null, disk: null };
}
