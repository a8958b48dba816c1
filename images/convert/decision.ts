/** The decision whether an image is sent as it is, converted first, or converted only where that saves time. */
import type { ContainerFacts } from '../../domain/plan.js';
import type { ContainerFormat, Inspection } from '../inspection.js';
import { isStreamable } from '../stream/streamable.js';
import { type Compression, isCompression, packageFor } from './decompress.js';
import { convertFailure, type Programs, requireQemuImg } from './programs.js';
import { isReadableFormat } from './qemu-img.js';

export type ConvertMode = 'auto' | 'never' | 'qcow2';

/** Fields of `upload` in a request. */
export interface ConversionWanted {
  readonly convert: ConvertMode;
  readonly trim?: 'none' | 'free-space';
}

/** `if-faster`: ECS imports the image as it is; the upload converts it where that saves time, once the link's speed is known. */
export type Conversion = 'as-is' | 'converted' | 'if-faster';

/** The formats that ECS imports; VMDK only for accounts that the vendor invited. */
const IMPORTABLE: readonly string[] = ['RAW', 'QCOW2', 'VHD', 'VMDK'] satisfies readonly ContainerFormat[];

/** Formats inside a compressed file that are sent without qemu-img. */
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

/**
 * The vendor does not say that it reads such clusters, or by which field it reads a VHD's size; snapshots take time to
 * send and are not imported.
 */
const BETTER_CONVERTED = ['ECSIMPORT.ZstdClusters', 'ECSIMPORT.Snapshots', 'ECSIMPORT.VhdGeometry'];

/** Findings about how the source was stored that a conversion neither repairs nor sees in the result. */
const LASTING = [
  'ECSIMPORT.NotClosed',
  'ECSIMPORT.Damaged',
  'ECSIMPORT.Truncated',
  'ECSIMPORT.ManifestDigest',
  'ECSIMPORT.TrailingBytes',
];

/** Archives with one disk. */
const ARCHIVES: readonly string[] = ['OVA', 'TAR'] satisfies readonly ContainerFormat[];

export function isImportable(format: string): boolean {
  return IMPORTABLE.includes(format);
}

/** Throws `Convert.*` where the image must be converted and cannot be. */
export async function decideConversion(
  inspection: Inspection,
  { convert: mode, trim }: ConversionWanted,
  programs: Programs,
): Promise<Conversion> {
  const { format, subformat } = inspection;
  if (isImportable(format)) {
    const isTrimmed = trim === 'free-space' && isStreamable(containerOf(inspection));
    return isTrimmed ? 'converted' : await decideImportable(inspection, mode, programs);
  }
  if (mode === 'never') {
    throw convertFailure('NotWanted', `the image is ${format}, which ECS does not import, and upload.convert is never`);
  }
  if (isCompression(format)) {
    await requireDecompressor(programs, format);
    // A format that ECS imports only has to be decompressed.
    if (IMPORTABLE_INSIDE.includes(subformat ?? '')) return 'converted';
  } else if (!ARCHIVES.includes(format) && !isReadableFormat(format)) {
    return 'as-is';
  }
  if (isStreamable(containerOf(inspection))) return 'converted';
  const compressionInside = inspection.contains?.format ?? '';
  if (isCompression(compressionInside)) await requireDecompressor(programs, compressionInside);
  await requireQemuImg(programs, format);
  return 'converted';
}

async function requireDecompressor(programs: Programs, compression: Compression): Promise<void> {
  if (await programs.decompressor(compression)) return;
  const message = `the image is compressed (${compression}), and this worker has no ${packageFor(compression)}`;
  throw convertFailure('NoUnpacker', message);
}

async function decideImportable(inspection: Inspection, mode: ConvertMode, programs: Programs): Promise<Conversion> {
  const { format, contains, findings } = inspection;
  // Bytes around the image, which ECS does not skip.
  const isPart = contains !== null;
  if (mode === 'never') {
    if (!isPart) return 'as-is';
    throw convertFailure('NotWanted', `the file has other bytes after the ${format}, and upload.convert is never`);
  }
  const isStreamed = isStreamable(containerOf(inspection));
  if (isPart || format === 'VMDK' || (mode === 'qcow2' && format !== 'QCOW2')) {
    if (!isStreamed) await requireQemuImg(programs, format);
    return 'converted';
  }
  const isBetter = findings.some(({ code }) => BETTER_CONVERTED.includes(code));
  if (isStreamed) return isBetter ? 'converted' : 'if-faster';
  return isBetter && (await programs.qemuImg()) !== null ? 'converted' : 'as-is';
}

/** The format of a converted image, as far as the source's container shows it. */
export async function convertedFormat(
  { format, subformat }: Pick<ContainerFacts, 'format' | 'subformat'>,
  programs: Programs,
): Promise<string> {
  // Without qemu-img a compressed image is only decompressed.
  const decompressOnly = isCompression(format) && subformat !== null && (await programs.qemuImg()) === null;
  return decompressOnly ? subformat : 'QCOW2';
}

/** True for a finding that no longer applies once the image is converted. */
export function isVoidWhenConverted(code: string): boolean {
  return VOID_WHEN_CONVERTED.includes(code);
}

/** The part of an inspection that a conversion needs. */
export function containerOf(inspection: Inspection): ContainerFacts {
  const { format, subformat, virtualSize, fileSize, allocatedSize, contains, findings } = inspection;
  const notReadableAlone = findings.find(({ code }) => NOT_READABLE_ALONE.includes(code))?.message ?? null;
  const lasting = findings.filter(({ code }) => LASTING.includes(code));
  return { format, subformat, virtualSize, fileSize, allocatedSize, contains, notReadableAlone, lasting };
}
