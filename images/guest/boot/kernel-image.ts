/** Checks that a file is a whole Linux kernel that a boot loader can start. */
import type { ByteSource } from '../../bytes.js';
import { unlessUnreadable } from '../../findings.js';
import type { Architecture } from '../identity.js';
import type { GuestTree } from '../tree.js';
import { peSections } from './uki.js';

const HEAD = 64 * 1024;
/** Newer kernels round the size in their header up. */
const SLACK = 4096;

/** Null: the file is whole, or of a kind whose size is not recorded. A string: why no boot loader can start it. */
export function kernelDefect(tree: GuestTree, path: string, architecture: Architecture | null): string | null {
  return unlessUnreadable<string | null>(
    () => {
      const source = tree.source(path);
      return source === null ? null : defectOf(source, architecture);
    },
    // Damage of the file system has a finding of its own.
    () => null,
  );
}

function defectOf(source: ByteSource, architecture: Architecture | null): string | null {
  if (source.size === 0) return 'the file is empty';
  const head = source.read(0, Math.min(HEAD, source.size));
  const recorded = recordedSize(head);
  if (recorded === null) {
    const x86 = architecture === 'x86_64' || architecture === 'i386';
    return x86 && !isEfiProgram(head) ? 'the file is not a Linux kernel for x86' : null;
  }
  return source.size + SLACK < recorded ? `the file has ${source.size} of ${recorded} bytes` : null;
}

/** The x86 boot protocol has the number of setup sectors at 0x1f1 and the size of the rest, in 16 bytes, at 0x1f4. */
function recordedSize(head: Buffer): number | null {
  const sections = [...peSections(head).values()].map(({ offset, size }) => offset + size);
  const asEfi = sections.length === 0 ? null : Math.max(...sections);
  if (head.length < 0x206 || head.toString('latin1', 0x202, 0x206) !== 'HdrS') return asEfi;
  const setup = ((head.readUInt8(0x1f1) || 4) + 1) * 512;
  return Math.max(setup + head.readUInt32LE(0x1f4) * 16, asEfi ?? 0);
}

function isEfiProgram(head: Buffer): boolean {
  return head.length >= 64 && head.toString('latin1', 0, 2) === 'MZ';
}
