/** Checks that a file is a whole Linux kernel for the guest's architecture. */
import { gunzipSync } from 'node:zlib';
import { type ByteSource, bufferSource } from '../../bytes.js';
import { unlessUnreadable } from '../../findings.js';
import { FALLBACKS } from '../boot-mode.js';
import type { Architecture } from '../identity.js';
import type { GuestTree } from '../tree.js';
import { payloadState } from './kernel-payload.js';
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

export function kernelState(tree: GuestTree, path: string, architecture: Architecture | null): KernelState {
  return unlessUnreadable<KernelState>(
    () => {
      const source = tree.source(path);
      return source === null ? unknown('not a file that can be read') : stateOf(source, architecture);
    },
    (reason) => unknown(reason),
  );
}

/** The state of the kernel in a unified kernel image. Only that of kernels for x86 is known. */
export function unifiedKernelState(kernel: Buffer, architecture: Architecture | null): KernelState {
  return isX86(kernel.subarray(0, HEAD)) ? stateOf(bufferSource(kernel), architecture) : WHOLE;
}

function stateOf(source: ByteSource, architecture: Architecture | null): KernelState {
  const { size } = source;
  if (size === 0) return damaged('the file is empty');
  const head = source.read(0, Math.min(HEAD, size));
  const machine = machineOf(head);
  if (machine === null) return architecture === 'arm64' ? compressed(source, head) : unrecognised(architecture);
  // A 64-bit kernel for x86 also runs a 32-bit system.
  const fits = architecture === null || machine === architecture || (machine === 'x86_64' && architecture === 'i386');
  if (!fits) return damaged(`the kernel is for ${machine}, the system for ${architecture}`);
  const recorded = recordedSize(head);
  if (recorded === null) return unknown('the file has no size to compare with');
  if (size + SLACK < recorded) return damaged(`the file has ${size} of ${recorded} bytes`);
  return isX86(head) ? x86State(source, head) : WHOLE;
}

function x86State(source: ByteSource, head: Buffer): KernelState {
  const payload = payloadState(source, head);
  if (payload === 'unknown') return unknown('its compressed content has a format that is not supported');
  return typeof payload === 'string' ? WHOLE : damaged(payload.damage);
}

function unrecognised(architecture: Architecture | null): KernelState {
  return architecture === null ? unknown('not a known kind of kernel') : damaged('the file is not a Linux kernel');
}

/** GRUB decompresses kernels for arm64, which have no code for it. */
function compressed(source: ByteSource, head: Buffer): KernelState {
  if (head.length < 2 || head.readUInt16BE(0) !== 0x1f8b) return unrecognised('arm64');
  if (source.size > MAX_KERNEL) return unknown('the compressed kernel is too large to check');
  try {
    const image = gunzipSync(source.read(0, source.size), { maxOutputLength: MAX_KERNEL });
    return machineOf(image) === 'arm64' ? WHOLE : unrecognised('arm64');
  } catch (error) {
    const isTooLarge = error instanceof RangeError;
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
  if (head.length >= 64 && head.toString('latin1', 56, 60) === 'ARM\x64') return 'arm64';
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
