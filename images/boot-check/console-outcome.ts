/** Messages on the serial console or the text screen that show how a boot ended. */
import { printable } from '../bytes.js';
import type { Inspection } from '../inspection.js';

export type ConsoleOutcome = 'login' | 'panic' | 'emergency' | 'loader' | 'firmware';

export interface OutcomeMatch {
  readonly outcome: ConsoleOutcome;
  /** The line that matched. */
  readonly line: string;
}

/** Failures come first: an emergency shell may also show a login prompt. */
const OUTCOMES: readonly { readonly outcome: ConsoleOutcome; readonly pattern: RegExp }[] = [
  // A busy host delays the timers of an emulated machine, which some kernels do not survive: no defect of the guest.
  {
    outcome: 'panic',
    pattern: /^.*(?:Kernel panic - not syncing|end Kernel panic)(?!.*IO-APIC \+ timer doesn't work).*$/m,
  },
  {
    outcome: 'emergency',
    pattern:
      /^.*(?:\(initramfs\)|dracut:[^\n]*#|(?:Welcome to|You are in|Entering) (?:dracut )?emergency (?:mode|shell)|Dropping to a shell!|(?:Give root password|Press Enter) for (?:system )?maintenance|sh: can't access tty|rescue:\/#).*$/im,
  },
  {
    outcome: 'loader',
    pattern:
      /^.*(?:grub rescue>|grub> ?$|Loading \S+\.\.\. ?failed: |Could not find kernel image|error: you need to load the kernel first|Enter username: ?$|BOOTMGR is missing|NTLDR is missing|Status: 0xc0[0-9a-f]{6}).*$/im,
  },
  {
    outcome: 'firmware',
    pattern:
      /^.*(?:UEFI Interactive Shell|^Shell> ?$|No bootable (?:option or )?device|not a bootable disk|Operating system not found|Missing operating system|No bootable device).*$/im,
  },
  // Other messages may follow the prompt on the same line. The kernel's name of a machine without one is "(none)".
  // SAC is Windows' Special Administration Console.
  { outcome: 'login', pattern: /^(?:(?:\(none\)|[\w.-]+) )?login:(?: .*)?$|^SAC> ?$/m },
];

/**
 * Under QEMU 7.2 without KVM on a busy host, the dynamic loader of some boots got a wrong answer from the kernel about its
 * own path, and every program of that boot was aborted. The same image started at another time.
 */
const EMULATION_ERROR = /Fatal glibc error: \S*dl-origin\.c:\d+ \(_dl_get_origin\)/;

export function findOutcome(console: string): OutcomeMatch | null {
  const isEmulationError = EMULATION_ERROR.test(console);
  for (const { outcome, pattern } of OUTCOMES) {
    if (isEmulationError && (outcome === 'panic' || outcome === 'emergency')) continue;
    const line = pattern.exec(console)?.[0];
    if (line !== undefined) return { outcome, line: printable(line) };
  }
  return null;
}

const DEVICE_TIMEOUT = /Timed out waiting for device (.+?)\.?$/gm;
/** systemd shortens long names in their middle. Fewer characters of a UUID are no proof. */
const LEAST_OF_UUID = 8;
/** systemd and dracut in an initramfs. The root is not mounted, so the kernel may have no driver for the disk. */
const BEFORE_ROOT = /Dependency failed for .*(?:sysroot|initrd)|rdsosreport\.txt/i;

/**
 * The UUID of a partition for which systemd did not wait long enough: the disk has it, so an emergency shell after this shows a slow
 * host (an emulated machine may need minutes to start udev), and no defect. Null also where another device did not arrive, or
 * where the root was not mounted.
 */
export function missedPartition(console: string, disk: Pick<Inspection, 'volumes' | 'mounts'>): string | null {
  if (BEFORE_ROOT.test(console)) return null;
  const uuids = besideRoot(disk);
  const missed = [...console.matchAll(DEVICE_TIMEOUT)].map(([, device = '']) => {
    const end = device.split(/[\s…]/).at(-1) ?? '';
    const name = end.replaceAll('\\x2d', '-').replace(/\.device$/, '');
    return uuids.find((uuid) => name.endsWith(uuid) || (name.length >= LEAST_OF_UUID && uuid.endsWith(name))) ?? null;
  });
  return missed.includes(null) ? null : (missed[0] ?? null);
}

/**
 * UUIDs of partitions. The kernel finds them with the disk that it has mounted the root from; logical volumes need more, and may be
 * missing for another reason. systemd waits for the root only in an initramfs.
 */
function besideRoot({ volumes, mounts }: Pick<Inspection, 'volumes' | 'mounts'>): readonly string[] {
  const root = mounts.find(({ at }) => at === '/');
  if (root === undefined) return [];
  return volumes.flatMap(({ name, uuid }) =>
    name.startsWith('partition ') && name !== root.volume && uuid !== null ? [uuid] : [],
  );
}

/** No relevant line is longer, but a guest can write lines without limit. */
const MAX_LINE = 400;

/** Converts console output to lines without terminal control sequences. */
export function consoleText(bytes: Buffer): string {
  return (
    bytes
      .toString('utf8')
      // Moving the cursor to a position starts a new line.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches control sequences.
      .replace(/\u001b\[\d*;\d*[Hf]/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression removes control sequences.
      .replace(/\u001b(?:\[[0-9;?=]*[A-Za-z]|\][^\u0007]*\u0007|[()][A-Z0-9]|[=>78cDEHM])/g, '')
      .replace(/\r+/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
      .split('\n')
      .map((line) => line.slice(0, MAX_LINE))
      .join('\n')
  );
}
