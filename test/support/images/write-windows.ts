/** For test/images/make/windows-images.sh: writes a constructed Windows into FOLDER/system (its NTFS) and FOLDER/boot. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { hive } from './made-hive.js';
import { BIOS_STORE, type MadeWindows, UEFI_STORE, windowsFiles } from './made-windows.js';

const EMPTY = Buffer.from('constructed');

/** As on VMware: no virtio drivers. */
const FROM_VMWARE: MadeWindows = {
  system: {
    'ControlSet001\\Services\\viostor': null,
    'ControlSet001\\Services\\netkvm': null,
    'ControlSet001\\Services\\cloudbase-init': null,
    'DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00': null,
    'ControlSet001\\Services\\LSI_SAS': { Start: 0, ImagePath: 'System32\\drivers\\lsi_sas.sys' },
    'ControlSet001\\Services\\VMTools': { Start: 2 },
  },
  software: {
    'Microsoft\\Windows NT\\CurrentVersion': {
      ProductName: 'Windows Server 2012 R2 Standard',
      EditionID: 'ServerStandard',
      InstallationType: 'Server',
      CurrentVersion: '6.3',
      CurrentBuild: '9600',
      CurrentBuildNumber: '9600',
      SystemRoot: 'C:\\Windows',
    },
  },
  files: {
    '/Windows/System32/drivers/viostor.sys': null,
    '/Windows/System32/drivers/netkvm.sys': null,
    '/Windows/System32/drivers/lsi_sas.sys': EMPTY,
  },
};

const KINDS: Readonly<Record<string, { system: MadeWindows; boot: Readonly<Record<string, Buffer>> }>> = {
  '2022-uefi': {
    system: {},
    boot: {
      '/EFI/Boot/bootx64.efi': EMPTY,
      '/EFI/Microsoft/Boot/bootmgfw.efi': EMPTY,
      '/EFI/Microsoft/Boot/BCD': hive(UEFI_STORE),
    },
  },
  '2012r2-bios': { system: FROM_VMWARE, boot: { '/bootmgr': EMPTY, '/Boot/BCD': hive(BIOS_STORE) } },
};

const [kind = '', folder = ''] = process.argv.slice(2);
const made = KINDS[kind];
if (made === undefined) throw new Error(`unknown kind: ${kind}. Use one of ${Object.keys(KINDS).join(', ')}.`);
write(path.join(folder, 'system'), windowsFiles(made.system));
write(path.join(folder, 'boot'), made.boot);

function write(to: string, files: Readonly<Record<string, Buffer>>): void {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(to, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
