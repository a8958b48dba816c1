/** Which images can be streamed: their disk is read by the readers of this room, at any offset. */
import type { ContainerFacts } from '../../domain/plan.js';

const READABLE: readonly string[] = ['RAW', 'QCOW2', 'VHD', 'VMDK', 'VHDX', 'VDI'];
const ARCHIVES: readonly string[] = ['OVA', 'TAR'];

export function isStreamable(container: ContainerFacts): boolean {
  const { format, virtualSize, contains, notReadableAlone, lasting = [] } = container;
  if (notReadableAlone !== null || virtualSize === null || virtualSize === 0) return false;
  const own = ARCHIVES.includes(format) ? (contains?.format ?? '') : format;
  if (!READABLE.includes(own)) return false;
  return !lasting.some(({ code, severity }) => {
    // qemu-img replays the log of a VHDX, or refuses it; this room's reader ignores it.
    if (code === 'ECSIMPORT.NotClosed') return own === 'VHDX';
    // The digests of large files of an archive are verified while it is converted.
    if (code === 'ECSIMPORT.ManifestDigest') return severity === 'info';
    // qemu-img may say more about the damage.
    return severity === 'blocking';
  });
}
