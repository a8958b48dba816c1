/**
 * The items of ECS image detection: what each checks and how to fix what it finds, from the vendor's page "Image check"
 * (https://www.alibabacloud.com/help/en/ecs/user-guide/overview-18).
 */

export interface ItemFix {
  /** What the item checks. */
  readonly checks: string;
  /** What to do; null: the vendor names no fix. */
  readonly fix: string | null;
  /** Of the template ACS-ECS-RepairImage, which repairs Linux images; null: it does not repair this item. */
  readonly repairItem: string | null;
}

const ECS = 'https://www.alibabacloud.com/help/en/ecs';
const GUIDE = `${ECS}/user-guide`;

export const ITEMS_PAGE = `${GUIDE}/overview-18`;

/** [what it checks, the fix, the item of ACS-ECS-RepairImage] */
type Row = readonly [checks: string, fix: string | null, repairItem?: string];

const ASSISTANT: Row = [
  'whether Cloud Assistant is installed',
  `Install the Cloud Assistant Agent: ${GUIDE}/install-the-cloud-assistant-agent.`,
  'assist',
];
const CLOUD_INIT = `Install cloud-init: ${GUIDE}/install-cloud-init.`;

const BOTH: Readonly<Record<string, Row>> = {
  Platform: ['the kind of the operating system', 'Set osType and platform to what the image contains.'],
  OSVersion: ['the version of the operating system', null],
  Architecture: ['the architecture', 'Set architecture to that of the image.'],
  KernelVersion: ['the version of the kernel', null],
  CloudAssistant: ASSISTANT,
};

const LINUX: Readonly<Record<string, Row>> = {
  ...BOTH,
  RtcTimeMode: [
    'the time zone of the hardware clock',
    `Set the hardware clock to UTC: ${ECS}/linux-time-and-time-zones.`,
  ],
  BootMode: ['the boot mode, BIOS (LEGACY) or UEFI', 'Set bootMode to the mode that the disk boots in.'],
  Virtio: [
    'whether the virtio drivers are installed; without them the instance may not start',
    `Install the virtio drivers: ${GUIDE}/install-the-virtio-driver.`,
    'virtio',
  ],
  Nvme: [
    'whether the NVMe driver is installed; some instance families attach disks by NVMe only',
    `Install the NVMe driver: ${ECS}/adapt-linux-custom-images-to-nvme-based-system-disks.`,
    'nvme',
  ],
  Fstab: [
    'the devices in /etc/fstab; a wrong one may keep the instance from starting',
    `Correct /etc/fstab and use UUIDs: ${GUIDE}/configure-uuids-in-the-fstab-file-to-automatically-attach-data-disks.`,
    'fstab',
  ],
  Grub: [
    'the configuration of GRUB; a wrong device or UUID may keep the instance from starting',
    'Create the configuration again in the guest: grub2-mkconfig or update-grub.',
    'grub',
  ],
  Dhcp: [
    'whether the network is configured by DHCP',
    `Set the network to DHCP: ${GUIDE}/how-to-configure-the-network-as-dhcp-in-a-linux-instance.`,
    'dhcp',
  ],
  Selinux: ['whether SELinux is disabled', `Disable SELinux: ${GUIDE}/enable-or-disable-selinux.`, 'selinux'],
  OnlineResizeFS: [
    'whether the root partition grows with the system disk, by cloud-init and growpart',
    CLOUD_INIT,
    'growpart',
  ],
  SystemImage: [
    'whether this is a system disk, not an ISO or an empty image',
    'Import the system disk of the machine.',
  ],
  CloudInit: ['whether cloud-init is installed', CLOUD_INIT, 'cloudinit'],
  SecurityCenterAgent: [
    'whether the agent of Security Center is installed',
    'Install it: https://www.alibabacloud.com/help/en/security-center/user-guide/install-the-security-center-agent.',
    'aegis',
  ],
  SupportMocInstanceTypes: [
    'whether the image starts on current instance families such as ecs.g6 and ecs.g7',
    `Upgrade to a version of the operating system that its vendor maintains; CentOS 5 to 5.11 (${ECS}/how-do-i-resolve-downtime-issues-with-migrated-instances).`,
  ],
};

const MAKE_AGAIN = `${GUIDE}/create-a-virtual-machine-and-install-an-operating-system`;
const BAD_HOTFIXES = [
  ...['KB5009624', 'KB5009595', 'KB5009546', 'KB5009557', 'KB5009555'],
  ...['KB5014738', 'KB5014702', 'KB5014692', 'KB5014678'],
];

const WINDOWS: Readonly<Record<string, Row>> = {
  ...BOTH,
  BootMode: LINUX.BootMode ?? ['the boot mode', null],
  Virtio: [
    'whether the virtio drivers are installed; without them the instance may not start',
    `Install the virtio drivers: ${GUIDE}/install-the-virtio-driver-1.`,
  ],
  BCD: ['the boot configuration data', 'Create it again in the guest: bcdboot C:\\Windows.'],
  Registry: ['the files of the registry', 'Replace missing or damaged registry files, for example from a backup.'],
  Hotfix: [
    'patches that are missing, or that keep instances from starting',
    `Uninstall ${BAD_HOTFIXES.join(', ')}. Windows Server 2008 R2 also requires KB3033929.`,
  ],
  Disk: [
    'drivers of disks that remain in the registry',
    'Remove drivers whose files do not exist in C:\\Windows\\System32\\drivers from UpperFilters of HKLM\\SYSTEM\\ControlSet001\\Control\\Class\\{4d36e967-e325-11ce-bfc1-08002be10318}.',
  ],
  Sysprep: ['whether Sysprep was interrupted', `Run Sysprep again and wait for its end: ${MAKE_AGAIN}.`],
  Update: ['whether an update was interrupted', `Let the update end before the machine is shut down: ${MAKE_AGAIN}.`],
  Xen: [
    'remaining Xen drivers',
    'Clear the value hide_devices of HKLM\\SYSTEM\\ControlSet001\\Services\\XenPCI\\Parameters.',
  ],
  Server: [
    'services, such as whether drivers may be installed',
    'Set DeviceInstallDisabled to 0 in HKLM\\SYSTEM\\ControlSet001\\Services\\DeviceInstall\\Parameters (Windows Server 2008: PlugPlay\\Parameters).',
  ],
  DesktopConfig: ['the file desktop.ini', 'Restore desktop.ini.'],
  BootMgr: ['the boot manager (BootMgr)', 'Restore it in the guest: bcdboot C:\\Windows.'],
};

const BY_KEY = { linux: byKey(LINUX), windows: byKey(WINDOWS) };

/** Null: not in the vendor's list for this system. The vendor's pages also name items without the prefix: `Nvme`. */
export function fixOf(item: string, osType: 'linux' | 'windows'): ItemFix | null {
  const row = BY_KEY[osType].get(keyOf(item));
  if (row === undefined) return null;
  const [checks, fix, repairItem] = row;
  return { checks, fix, repairItem: osType === 'linux' ? (repairItem ?? null) : null };
}

/** The console page that repairs an image: it creates a new one, which is not part of the import. */
export function repairPage(regionId: string): string {
  return `https://oos.console.aliyun.com/${regionId}/execution/create/ACS-ECS-RepairImage`;
}

/** The vendor's SDK spells one risk code wrongly. */
export function correctRiskCode(code: string): string {
  return code === 'NVMe.NotInstallded' ? 'NVMe.NotInstalled' : code;
}

function byKey(rows: Readonly<Record<string, Row>>): ReadonlyMap<string, Row> {
  return new Map(Object.entries(rows).map(([name, row]) => [keyOf(name), row]));
}

function keyOf(item: string): string {
  return item.toLowerCase().replace(/^guestos\./, '');
}
