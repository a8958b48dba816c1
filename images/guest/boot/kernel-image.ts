/** Checks that a file is a whole Linux kernel for the guest's architecture. */
import { type ByteSource, bufferSource, UnreadableError } from '../../bytes.js';
import { kernelFormatOf } from '../../compression/kernel-formats.js';
import { unlessUnreadable } from '../../findings.js';
import { FALLBACKS } from '../boot-mode.js';
import type { Architecture } from '../identity.js';
import type { GuestTree } from '../tree.js';
import { isArm64Image, isZboot, type PayloadState, payloadState, zbootState } from './kernel-payload.js';
import { peMachine, peSections } from './uki.js';

export type KernelState =
  | { readonly kind: 'whole' }
  /** No boot loader can start it. */
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

const HEAD = 64 * 1024;
const MAX_KERNEL = 128 * 1024 * 1024;
/** Newer kernels round the size in their header up. */
const SLACK = 4096;
const WHOLE: KernelState = { kind: 'whole' };
const damaged = (reason: string): KernelState => ({ kind: 'damaged', reason });
const unknown = (reason: string): KernelState => ({ kind: 'unknown', reason });

/** `byGrub`: GRUB starts it; null: not known. */
export function kernelState(
  tree: GuestTree,
  path: string,
  architecture: Architecture | null,
  byGrub: boolean | null,
): KernelState {
  return unlessUnreadable<KernelState>(
    () => {
      const source = tree.source(path);
      return source === null ? unknown('not a file that can be read') : stateOf(source, architecture, byGrub);
    },
    (reason) => unknown(reason),
  );
}

/** The state of the kernel in a unified kernel image. That of an uncompressed kernel for arm64 is not known. */
export function unifiedKernelState(kernel: Buffer, architecture: Architecture | null): KernelState {
  const head = kernel.subarray(0, HEAD);
  return isX86(head) || isZboot(head) ? stateOf(bufferSource(kernel), architecture, false) : WHOLE;
}

function stateOf(source: ByteSource, architecture: Architecture | null, byGrub: boolean | null): KernelState {
  const { size } = source;
  if (size === 0) return damaged('the file is empty');
  const head = source.read(0, Math.min(HEAD, size));
  const machine = machineOf(head);
  if (machine === null) return compressed(source, head, architecture, byGrub);
  // A 64-bit kernel for x86 also runs a 32-bit system.
  const fits = architecture === null || machine === architecture || (machine === 'x86_64' && architecture === 'i386');
  if (!fits) return damaged(`the kernel is for ${machine}, the system for ${architecture}`);
  const recorded = recordedSize(head);
  if (recorded === null) return unknown('the file has no size to compare with');
  if (size + SLACK < recorded) return damaged(`the file has ${size} of ${recorded} bytes`);
  if (isX86(head)) return stateOfPayload(payloadState(source, head));
  return isZboot(head) ? stateOfPayload(zbootState(source, head)) : WHOLE;
}

function stateOfPayload(payload: PayloadState): KernelState {
  if (payload === 'unknown') return unknown('its compressed content has a format that is not supported');
  return typeof payload === 'string' ? WHOLE : damaged(payload.damage);
}

function unrecognised(architecture: Architecture | null): KernelState {
  return architecture === null ? unknown('not a known kind of kernel') : damaged('the file is not a Linux kernel');
}

/** Formats for which GRUB has modules, which its configuration may not load. */
const GRUB_MAY_READ: readonly string[] = ['xz', 'lzo'];

/** GRUB decompresses kernels, in the first place those for arm64, which have no code for it. Other loaders do not. */
function compressed(
  source: ByteSource,
  head: Buffer,
  architecture: Architecture | null,
  byGrub: boolean | null,
): KernelState {
  const format = kernelFormatOf(head);
  if (format === null || byGrub === false) return unrecognised(architecture);
  if (byGrub === null) return unknown('could not determine whether the boot loader decompresses it');
  if (GRUB_MAY_READ.includes(format.name)) return unknown(`GRUB needs a module to decompress it (${format.name})`);
  if (format.name !== 'gzip') return unrecognised(architecture);
  if (source.size > MAX_KERNEL) return unknown('the compressed kernel is too large to check');
  try {
    const image = Buffer.concat([...format.decompress(source.read(0, source.size), { maxBytes: MAX_KERNEL })]);
    if (machineOf(image) !== architecture) return unrecognised(architecture);
    return architecture === 'arm64' ? WHOLE : unknown(`GRUB needs a module to decompress it (${format.name})`);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const isTooLarge = error.message.includes('more than');
    return isTooLarge
      ? unknown('the kernel is too large to check')
      : damaged('its compressed content is cut off or damaged');
  }
}

function machineOf(head: Buffer): Architecture | null {
  if (isX86(head)) {
    const hasFlags = head.readUInt16LE(0x206) >= 0x20c;
    return hasFlags && (head.readUInt16LE(0x236) & 1) === 0 ? 'i386' : 'x86_64';
  }
  if (isArm64Image(head)) return 'arm64';
  const machine = peMachine(head);
  return FALLBACKS.find((fallback) => fallback.machine === machine)?.architecture ?? null;
}

function isX86(head: Buffer): boolean {
  return head.length >= 0x238 && head.toString('latin1', 0x202, 0x206) === 'HdrS';
}

/** The x86 boot protocol has the number of setup sectors at 0x1f1 and the size of the rest, in 16 bytes, at 0x1f4. */
function recordedSize(head: Buffer): number | null {
  const sections = [...peSections(head).values()].map(({ offset, size }) => offset + size);
  const asEfi = sections.length === 0 ? null : Math.max(...sections);
  if (!isX86(head)) return asEfi;
  const setup = ((head.readUInt8(0x1f1) || 4) + 1) * 512;
  return Math.max(setup + head.readUInt32LE(0x1f4) * 16, asEfi ?? 0);
}
