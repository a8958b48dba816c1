/**
 * The I/O timeout of the NVMe driver. Its default of 30 s is shorter than a slow cloud disk can take: I/O then fails, and the
 * file system becomes read-only. The vendor recommends the largest value, and its tool `ecs_nvme_config` checks it.
 */
import type { FindingList } from '../findings.js';
import { argument, type BootEntry } from './boot/entry.js';
import type { GuestTree } from './tree.js';

/** The largest value of older kernels, where it is one byte. */
const ENOUGH_SECONDS = 255;
const DEFAULT_SECONDS = 30;
const MODULES = ['nvme_core', 'nvme'] as const;
const MODPROBE_FOLDERS = ['/etc/modprobe.d', '/usr/lib/modprobe.d', '/lib/modprobe.d'];
const REMEDY =
  'Add nvme_core.io_timeout=4294967295 (255 on kernels before 4.15) to GRUB_CMDLINE_LINUX in /etc/default/grub in the guest, then run update-grub, or grub2-mkconfig -o /boot/grub2/grub.cfg. On an instance, ecs_nvme_config checks and sets it.';

interface Setting {
  readonly text: string;
  readonly seconds: number;
  readonly evidence: string;
}

export function checkNvmeTimeout(entry: BootEntry | null, tree: GuestTree, findings: FindingList): void {
  const setting = onCommandLine(entry) ?? inModprobe(tree);
  if (setting === null) {
    const message = `The I/O timeout of NVMe disks is not set: the default of ${DEFAULT_SECONDS} s can make the file system read-only when a disk is slow`;
    findings.add('info', CODE, message, 'no nvme_core.io_timeout on the kernel command line and in modprobe.d', REMEDY);
    return;
  }
  const { text, seconds, evidence } = setting;
  if (seconds >= ENOUGH_SECONDS) {
    findings.add('info', CODE, 'The I/O timeout of NVMe disks is long enough', `${evidence}: ${text}`, '');
    return;
  }
  const message = `The I/O timeout of NVMe disks is short: a slow disk makes the file system read-only`;
  findings.add('warning', CODE, message, `${evidence}: ${text}`, REMEDY);
}

const CODE = 'ECSIMPORT.NvmeTimeout';

/** The last value applies, as in the kernel. */
function onCommandLine(entry: BootEntry | null): Setting | null {
  if (entry === null) return null;
  for (const module of MODULES) {
    const value = argument(entry, `${module}.io_timeout`).at(-1);
    if (value !== undefined) return settingOf(`${module}.io_timeout=${value}`, value, entry.evidence);
  }
  return null;
}

function inModprobe(tree: GuestTree): Setting | null {
  for (const folder of MODPROBE_FOLDERS) {
    for (const name of tree.list(folder).filter((file) => file.endsWith('.conf'))) {
      const line = /^\s*options\s+(?:nvme|nvme[-_]core)\s.*\bio_timeout=(\S+).*$/m.exec(
        tree.text(`${folder}/${name}`) ?? '',
      );
      if (line !== null) return settingOf(line[0].trim(), line[1] ?? '', `${folder}/${name}`);
    }
  }
  return null;
}

function settingOf(text: string, value: string, evidence: string): Setting {
  // The kernel reads decimal, octal and hexadecimal numbers. It ignores a value that is none of them.
  const seconds = /^0x[\da-f]+$|^\d+$/i.test(value)
    ? Number(/^0\d/.test(value) ? `0o${value}` : value)
    : DEFAULT_SECONDS;
  return { text: text.slice(0, 80), seconds: Number.isNaN(seconds) ? DEFAULT_SECONDS : seconds, evidence };
}
