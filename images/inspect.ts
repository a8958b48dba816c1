/** Inspects one image in this process with blocking reads. Services use inspect-in-child.ts instead. */
import { type ByteSource, type FileSource, openFile, UnreadableError, WorkLimitError } from './bytes.js';
import { openContainer } from './container.js';
import { type FindingList, findingList, GUEST_NOT_READ_REMEDY } from './findings.js';
import type { Container } from './formats/container.js';
import { type GuestFacts, NO_GUEST_FACTS } from './guest/facts.js';
import { inspectDisk } from './guest/inspect-guest.js';
import { type DiskContext, type InspectImage, type Inspection, LONE_SYSTEM_DISK } from './inspection.js';
import { openSource, orSourceFailure } from './source-file.js';

const GIB = 1024 ** 3;
const MAX_DISK_GIB = 2048;

/**
 * Inspects an image of this host. Throws FailureError `Source.NotFound`, `.NotAFile`, `.Empty`, `.Unreadable`
 * (class `request`) if the file cannot be read at all; damage inside the file is a finding.
 */
export const inspectImage: InspectImage = async (image, options) => {
  options?.signal?.throwIfAborted();
  const context = { ...LONE_SYSTEM_DISK, ...options };
  if (typeof image !== 'string') {
    return orSourceFailure(image.path, () => inspectFile(openFile(image.handle.fd), context));
  }
  const file = openSource(image);
  try {
    return orSourceFailure(image, () => inspectFile(file, context));
  } finally {
    file.close();
  }
};

/** Calls `onContainer` with the container's facts before it inspects the guest: they stay valid if that part fails. */
export function inspectFile(
  file: FileSource,
  context: DiskContext = LONE_SYSTEM_DISK,
  onContainer: (soFar: Inspection) => void = () => undefined,
): Inspection {
  const findings = findingList();
  const container = readContainer(file, findings);
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
  onContainer(report(NO_GUEST_FACTS));
  return report(container.disk === null ? NO_GUEST_FACTS : readGuest(container.disk, context, findings));
}

function readGuest(disk: ByteSource, context: DiskContext, findings: FindingList): GuestFacts {
  try {
    return inspectDisk(disk, context, findings);
  } catch (error) {
    if (!(error instanceof WorkLimitError || error instanceof UnreadableError || error instanceof RangeError))
      throw error;
    findings.add(
      'warning',
      'ECSIMPORT.GuestNotRead',
      'The operating system in the image could not be inspected',
      error.message,
      GUEST_NOT_READ_REMEDY,
    );
    return NO_GUEST_FACTS;
  }
}

function readContainer(file: FileSource, findings: FindingList): Container {
  try {
    const container = openContainer(file, findings);
    if (container.virtualSize !== null && container.virtualSize > MAX_DISK_GIB * GIB) {
      findings.add(
        'blocking',
        'InvalidImageSize',
        `The disk is larger than ${MAX_DISK_GIB} GiB, the maximum size in ECS`,
        `virtual size ${container.virtualSize} bytes`,
        'Shrink the file systems and the disk, or split the data over several disks.',
      );
    }
    return container;
  } catch (error) {
    if (!(error instanceof WorkLimitError)) throw error;
    findings.add(
      'blocking',
      'ECSIMPORT.Damaged',
      'The image’s tables are damaged: reading them exceeds the inspection’s limits',
      error.message,
      'Export the disk again with its hypervisor’s own tool.',
    );
    return { format: 'UNKNOWN', subformat: null, virtualSize: null, disk: null };
  }
}
