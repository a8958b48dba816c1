/** The decision whether an image is sent as it is, converted first, or converted only where that saves time. */
import type { ContainerFacts } from '../../domain/plan.js';
import type { ContainerFormat, Inspection } from '../inspection.js';
import { convertFailure, type Programs, requireQemuImg } from './programs.js';
import { isReadableFormat } from './qemu-img.js';
import { isPacking, packageFor } from './unpack.js';

export type ConvertMode = 'auto' | 'never' | 'qcow2';

/** `if-worth`: ECS imports the image as it is; the upload converts it where that saves time, once the link's speed is known. */
export type Conversion = 'as-is' | 'converted' | 'if-worth';

/** The formats that ECS imports; VMDK only for accounts that the vendor invited. */
const IMPORTABLE: readonly string[] = ['RAW', 'QCOW2', 'VHD', 'VMDK'] satisfies readonly ContainerFormat[];

/** Formats inside a packed file that are sent without qemu-img. */
const IMPORTABLE_INSIDE: readonly string[] = ['RAW', 'QCOW2', 'VHD'];

/** Findings about how the disk is stored, which no longer apply after a conversion. */
const VOID_WHEN_CONVERTED = [
  'ECSIMPORT.Format',
  'ECSIMPORT.VmdkByInvitation',
  'ECSIMPORT.ZstdClusters',
  'ECSIMPORT.Snapshots',
  'ECSIMPORT.VhdGeometry',
];

/** Findings that say that the disk needs other files or a key: no request can allow these. */
const NOT_READABLE_ALONE = [
  'ECSIMPORT.BackingFile',
  'ECSIMPORT.ExternalData',
  'ECSIMPORT.ExternalExtents',
  'ECSIMPORT.Encrypted',
];

export function isImportable(format: string): boolean {
  return IMPORTABLE.includes(format);
}

/** Throws `Convert.*` where the image must be converted and cannot be. */
export async function decideConversion(
  inspection: Inspection,
  mode: ConvertMode,
  programs: Programs,
): Promise<Conversion> {
  const { format, subformat } = inspection;
  if (isImportable(format)) return decideImportable(inspection, mode, programs);
  if (mode === 'never') {
    throw convertFailure('NotWanted', `the image is ${format}, which ECS does not import, and upload.convert is never`);
  }
  if (isPacking(format)) {
    if (!(await programs.unpacker(format))) {
      const message = `the image is packed (${format}), and this worker has no ${packageFor(format)}`;
      throw convertFailure('NoUnpacker', message);
    }
    // A format that ECS imports only has to be unpacked.
    if (IMPORTABLE_INSIDE.includes(subformat ?? '')) return 'converted';
  } else if (format !== 'OVA' && !isReadableFormat(format)) {
    return 'as-is';
  }
  await requireQemuImg(programs, format);
  return 'converted';
}

async function decideImportable(
  { format, findings }: Inspection,
  mode: ConvertMode,
  programs: Programs,
): Promise<Conversion> {
  if (mode === 'never') return 'as-is';
  if (format === 'VMDK' || (mode === 'qcow2' && format !== 'QCOW2')) {
    await requireQemuImg(programs, format);
    return 'converted';
  }
  if ((await programs.qemuImg()) === null) return 'as-is';
  // The vendor does not say that it reads such clusters; snapshots take time to send and are not imported.
  const unreadable = findings.some(({ code }) => code === 'ECSIMPORT.ZstdClusters' || code === 'ECSIMPORT.Snapshots');
  return unreadable ? 'converted' : 'if-worth';
}

/** The format of a converted image, as far as the source's container shows it. */
export async function convertedFormat(
  { format, subformat }: Pick<ContainerFacts, 'format' | 'subformat'>,
  programs: Programs,
): Promise<string> {
  // Without qemu-img a packed image is only unpacked.
  const unpackedOnly = isPacking(format) && subformat !== null && (await programs.qemuImg()) === null;
  return unpackedOnly ? subformat : 'QCOW2';
}

/** True for a finding that no longer applies once the image is converted. */
export function isVoidWhenConverted(code: string): boolean {
  return VOID_WHEN_CONVERTED.includes(code);
}

/** The part of an inspection that a conversion needs. */
export function containerOf(inspection: Inspection): ContainerFacts {
  const { format, subformat, virtualSize, fileSize, allocatedSize, contains, findings } = inspection;
  const notReadableAlone = findings.find(({ code }) => NOT_READABLE_ALONE.includes(code))?.message ?? null;
  return { format, subformat, virtualSize, fileSize, allocatedSize, contains, notReadableAlone };
}
