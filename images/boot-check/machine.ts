/** QEMU's arguments: a machine with the devices of an ECS instance and without access to the host. */
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { ContainerFormat, Inspection } from '../inspection.js';

export interface MachineFiles {
  /** The image's descriptor in the QEMU process; QEMU never sees its path. */
  readonly imageFd: number;
  readonly overlay: string;
  readonly control: string;
  /** Code and variables of UEFI; null: BIOS. */
  readonly firmware: { readonly code: string; readonly variables: string } | null;
}

export interface MachinePlan {
  readonly architecture: 'x86_64' | 'i386' | 'arm64';
  readonly bootMode: 'BIOS' | 'UEFI';
  readonly osType: Inspection['osType'];
  readonly driver: string;
  readonly memoryMiB: number;
}

/** QEMU's driver for each format that it can boot from a single file. */
export const DRIVERS: Readonly<Partial<Record<ContainerFormat, string>>> = {
  QCOW2: 'qcow2',
  RAW: 'raw',
  VHD: 'vpc',
  VMDK: 'vmdk',
  VDI: 'vdi',
  VHDX: 'vhdx',
};

const PROGRAMS = { x86_64: 'qemu-system-x86_64', i386: 'qemu-system-x86_64', arm64: 'qemu-system-aarch64' } as const;

/** Firmware without Secure Boot (code, variables), where Debian, Fedora and SUSE install it. */
const UEFI_X86 = [
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
  ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
  ['/usr/share/edk2/ovmf/OVMF_CODE.fd', '/usr/share/edk2/ovmf/OVMF_VARS.fd'],
  ['/usr/share/qemu/ovmf-x86_64-code.bin', '/usr/share/qemu/ovmf-x86_64-vars.bin'],
] as const;
const UEFI_ARM = [
  ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
  ['/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw', '/usr/share/edk2/aarch64/vars-template-pflash.raw'],
  ['/usr/share/qemu/aavmf-aarch64-code.bin', '/usr/share/qemu/aavmf-aarch64-vars.bin'],
] as const;

export interface Tools {
  readonly qemu: string;
  readonly qemuImg: string;
  /** util-linux's setpriv, which makes the kernel kill QEMU with its parent; null: not installed. */
  readonly setpriv: string | null;
  readonly firmware: { readonly code: string; readonly variables: string } | null;
}

/** The programs and files of this host for such a machine. A string: what is missing. */
export function findTools({ architecture, bootMode }: Pick<MachinePlan, 'architecture' | 'bootMode'>): Tools | string {
  const qemu = onPath(PROGRAMS[architecture]);
  if (qemu === null) return `${PROGRAMS[architecture]} is not installed on this host`;
  const qemuImg = onPath('qemu-img');
  if (qemuImg === null) return 'qemu-img is not installed on this host';
  const setpriv = onPath('setpriv');
  if (bootMode === 'BIOS') return { qemu, qemuImg, setpriv, firmware: null };
  const found = (architecture === 'arm64' ? UEFI_ARM : UEFI_X86).find((files) =>
    files.every((file) => existsSync(file)),
  );
  if (found === undefined) return 'UEFI firmware for QEMU is not installed on this host';
  return { qemu, qemuImg, setpriv, firmware: { code: found[0], variables: found[1] } };
}

function onPath(program: string): string | null {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const found = folders.map((folder) => path.join(folder, program)).find(isExecutable);
  return found ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function machineArguments(plan: MachinePlan, files: MachineFiles): string[] {
  const arm = plan.architecture === 'arm64';
  const image = {
    'node-name': 'image',
    driver: plan.driver,
    'read-only': true,
    file: { driver: 'file', filename: '/dev/fdset/1', 'read-only': true, locking: 'off' },
    // Never open a backing file that the header names, whatever the inspection found.
    ...(plan.driver === 'qcow2' ? { backing: null } : {}),
  };
  const disk = {
    'node-name': 'disk',
    driver: 'qcow2',
    file: { driver: 'file', filename: files.overlay },
    backing: 'image',
  };
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-machine', arm ? 'virt' : plan.bootMode === 'UEFI' ? 'q35' : 'pc'],
    // KVM if this process may use it, else emulation.
    ...['-accel', 'kvm', '-accel', 'tcg', '-cpu', 'max', '-smp', '2', '-m', String(plan.memoryMiB)],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...['-add-fd', `fd=${files.imageFd},set=1`],
    ...['-blockdev', JSON.stringify(image), '-blockdev', JSON.stringify(disk)],
    ...['-device', 'virtio-blk-pci,drive=disk,bootindex=1'],
    // restrict=on: the guest gets an address, but reaches neither the host nor the network.
    ...['-netdev', 'user,id=net,restrict=on', '-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
    ...['-qmp', `unix:${files.control},server=on,wait=off`],
    ...['-rtc', plan.osType === 'windows' ? 'base=localtime' : 'base=utc'],
    ...screen(plan),
    ...(files.firmware === null ? [] : firmware(files.firmware)),
  ];
}

/** Without a PCI display, Linux stays in text mode under a BIOS, so its console can be read from video memory. */
function screen({ architecture, bootMode, osType }: MachinePlan): string[] {
  if (architecture === 'arm64') return ['-device', 'ramfb'];
  return ['-device', bootMode === 'BIOS' && osType !== 'windows' ? 'isa-vga' : 'VGA'];
}

function firmware({ code, variables }: { readonly code: string; readonly variables: string }): string[] {
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
  ];
}
