/** Inspection of one image in this process. It blocks while it reads; services use inspect-in-child.ts. */
import { type ByteSource, type FileSource, TooMuchWorkError, UnreadableError } from './bytes.js';
import { openContainer } from './container.js';
import { type FindingList, findingList } from './findings.js';
import type { Container } from './formats/container.js';
import { type GuestFacts, NOTHING_TOLD } from './guest/facts.js';
import { inspectDisk } from './guest/inspect-guest.js';
import { type DiskContext, type InspectImage, type Inspection, LONE_SYSTEM_DISK } from './inspection.js';
import { openSource, orSourceFailure } from './source-file.js';

const GIB = 1024 ** 3;
const MAX_DISK_GIB = 2048;

/**
 * Reads the image and says what it is. Throws FailureError `Source.NotFound`, `.NotAFile`, `.Empty`, `.Unreadable`
 * (class `request`) for a file that cannot be read at all; damage inside the file is a finding.
 */
export const inspectImage: InspectImage = async (path, options) => {
  options?.signal?.throwIfAborted();
  const file = openSource(path);
  try {
    return orSourceFailure(path, () => inspectFile(file, { ...LONE_SYSTEM_DISK, ...options }));
  } finally {
    file.close();
  }
};

/** `onContainer` hears what is known before the guest is read: what remains true if that never ends. */
export function inspectFile(
  file: FileSource,
  context: DiskContext = LONE_SYSTEM_DISK,
  onContainer: (soFar: Inspection) => void = () => undefined,
): Inspection {
  const findings = findingList();
  const container = tellContainer(file, findings);
  const report = (guest: GuestFacts): Inspection => ({
    format: container.format,
    subformat: container.subformat,
    virtualSize: container.virtualSize,
    fileSize: file.size,
    allocatedSize: file.allocatedSize,
    contains: container.contains ?? null,
    diskImageSizeGiB: container.virtualSize === null ? null : Math.max(1, Math.ceil(container.virtualSize / GIB)),
    ...guest,
    findings: [...findings.all],
  });
  onContainer(report(NOTHING_TOLD));
  return report(container.disk === null ? NOTHING_TOLD : tellGuest(container.disk, context, findings));
}

function tellGuest(disk: ByteSource, context: DiskContext, findings: FindingList): GuestFacts {
  try {
    return inspectDisk(disk, context, findings);
  } catch (error) {
    if (!(error instanceof TooMuchWorkError || error instanceof UnreadableError || error instanceof RangeError))
      throw error;
    findings.add(
      'warning',
      'ECSIMPORT.GuestNotRead',
      'The operating system in the image could not be inspected',
      error.message,
      'Check the guest’s file systems; import it with explicit platform, architecture and boot mode.',
    );
    return NOTHING_TOLD;
  }
}

function tellContainer(file: FileSource, findings: FindingList): Container {
  try {
    const container = openContainer(file, findings);
    if (container.virtualSize !== null && container.virtualSize > MAX_DISK_GIB * GIB) {
      findings.add(
        'blocking',
        'InvalidImageSize',
        `The disk is larger than the ${MAX_DISK_GIB} GiB that ECS takes`,
        `virtual size ${container.virtualSize} bytes`,
        'Shrink the file systems and the disk, or split the data over several disks.',
      );
    }
    return container;
  } catch (error) {
    if (!(error instanceof TooMuchWorkError)) throw error;
    findings.add(
      'blocking',
      'ECSIMPORT.Damaged',
      'The image’s tables ask for more work than any honest image',
      error.message,
      'Make a fresh copy of the disk with the tool of its hypervisor.',
    );
    return { format: 'UNKNOWN', subformat: null, virtualSize: null, disk: null };
  }
}
