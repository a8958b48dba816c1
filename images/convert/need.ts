/** Whether an image has to be converted before it is sent, may be, or is sent as it is. */

import type { FailureError } from '../../domain/errors/failure.js';
import { type CodesIn, fail } from '../../domain/errors/index.js';
import type { ContainerFormat, Inspection } from '../inspection.js';
import { findQemuImg, isReadableFormat, type QemuImg } from './qemu-img.js';
import { canUnpack, isPacking, type Packing, packageFor } from './unpack.js';

export type ConvertMode = 'auto' | 'never' | 'qcow2';

/** `if-worth`: it may be sent as it is; what takes less time is found out when the speed of the link is known. */
export type ConversionNeed = 'as-is' | 'converted' | 'if-worth';

/** What ECS imports as it is; VMDK only for accounts that the vendor invited. */
const IMPORTABLE: readonly ContainerFormat[] = ['RAW', 'QCOW2', 'VHD', 'VMDK'];

/** Formats of what is packed that are sent on without qemu-img. */
const IMPORTABLE_INSIDE: readonly string[] = ['RAW', 'QCOW2', 'VHD'];

/** Findings about how the disk is stored, which a conversion makes void. */
const VOID_WHEN_CONVERTED = [
  'ECSIMPORT.Format',
  'ECSIMPORT.VmdkByInvitation',
  'ECSIMPORT.ZstdClusters',
  'ECSIMPORT.Snapshots',
  'ECSIMPORT.VhdGeometry',
];

/** The programs that conversions are made with, looked for again and again: installing one needs no restart. */
export interface Programs {
  qemuImg(): Promise<QemuImg | null>;
  unpacker(packing: Packing): Promise<boolean>;
}

/** Each look starts a process; a batch would start three for every image. */
const LOOK_EVERY_MS = 5_000;

export const INSTALLED: Programs = { qemuImg: remembered(() => findQemuImg()), unpacker: canUnpack };

function remembered<T>(look: () => Promise<T>): () => Promise<T> {
  let known: { readonly answer: Promise<T>; readonly untilMs: number } | null = null;
  return () => {
    const now = Date.now();
    if (known === null || now >= known.untilMs) known = { answer: look(), untilMs: now + LOOK_EVERY_MS };
    return known.answer;
  };
}

export function isImportable(format: ContainerFormat): boolean {
  return IMPORTABLE.includes(format);
}

/** Throws `Convert.*` where it has to be converted and can't be. */
export async function conversionNeed(
  inspection: Inspection,
  mode: ConvertMode,
  programs: Programs,
): Promise<ConversionNeed> {
  const { format, subformat } = inspection;
  if (isImportable(format)) return needOfImportable(inspection, mode, programs);
  if (mode === 'never') {
    throw convertFailure('NotWanted', `the image is ${format}, which ECS does not import, and upload.convert is never`);
  }
  if (isPacking(format)) {
    if (!(await programs.unpacker(format))) {
      const message = `the image is packed (${format}), and this worker has no ${packageFor(format)}`;
      throw convertFailure('NoUnpacker', message);
    }
    // What ECS imports needs only to be taken out.
    if (IMPORTABLE_INSIDE.includes(subformat ?? '')) return 'converted';
  } else if (format !== 'OVA' && !isReadableFormat(format)) {
    return 'as-is';
  }
  await requireQemuImg(programs, format);
  return 'converted';
}

async function needOfImportable(
  inspection: Inspection,
  mode: ConvertMode,
  programs: Programs,
): Promise<ConversionNeed> {
  const { format } = inspection;
  if (mode === 'never') return 'as-is';
  if (format === 'VMDK' || (mode === 'qcow2' && format !== 'QCOW2')) {
    await requireQemuImg(programs, format);
    return 'converted';
  }
  if ((await programs.qemuImg()) === null) return 'as-is';
  return holdsWhatIsNotRead(inspection) ? 'converted' : 'if-worth';
}

export async function requireQemuImg(programs: Programs, format: ContainerFormat): Promise<QemuImg> {
  const found = await programs.qemuImg();
  if (found !== null) return found;
  throw convertFailure('NoQemuImg', `the image is ${format} and has to be converted, and this worker has no qemu-img`);
}

/** What the finding says does not matter any more once the image is converted. */
export function isVoidWhenConverted(code: string): boolean {
  return VOID_WHEN_CONVERTED.includes(code);
}

/** Clusters that the vendor does not say it reads, and snapshots, which cost time and are not imported. */
function holdsWhatIsNotRead({ findings }: Inspection): boolean {
  return findings.some(({ code }) => code === 'ECSIMPORT.ZstdClusters' || code === 'ECSIMPORT.Snapshots');
}

/** @param code without its `Convert.` */
export function convertFailure(code: CodesIn<'Convert'>, message: string, cause?: unknown): FailureError {
  return fail(`Convert.${code}`, message, { cause });
}
