/** Inspection of Windows guests from registry and boot configuration. All systems in these tests are constructed. */
import { describe, expect, test } from 'vitest';
import { bufferSource, UnreadableError } from '../../images/bytes.js';
import { openHive } from '../../images/windows/hive.js';
import { hive } from '../support/images/made-hive.js';
import { codes, inspectPath, WINDOWS, WINDOWS_WITHOUT_VIRTIO } from '../support/images/made-images.js';
import {
  bootStore,
  type Changes,
  type GuestInspection,
  inspectMadeWindows,
  type MadeWindows,
  partitionDevice,
  SAFE_BOOT,
  SYSTEM,
  UEFI_STORE,
} from '../support/images/made-windows.js';

const CONTROL = 'ControlSet001\\Control';
const SERVICES = 'ControlSet001\\Services';
const VERSION = 'Microsoft\\Windows NT\\CurrentVersion';

const serious = ({ findings }: GuestInspection) =>
  findings.filter(({ severity }) => severity !== 'info').map(({ severity, code }) => `${severity} ${code}`);
const named = ({ findings }: GuestInspection, code: string) => findings.find((finding) => finding.code === code);

function version(name: string, build: string, more: Changes[string] = {}): MadeWindows {
  return { software: { [VERSION]: { ProductName: name, CurrentBuild: build, CurrentVersion: '6.3', ...more } } };
}

test('a Windows disk → facts from partitions, boot configuration and registry', () => {
  const ready = inspectPath(WINDOWS);
  expect(codes(ready, 'blocking')).toEqual([]);
  expect(ready).toMatchObject({
    platform: 'Windows Server 2022',
    bootMode: 'UEFI',
    bootModes: ['UEFI'],
    depth: 'guest',
  });
  const fromVmware = inspectPath(WINDOWS_WITHOUT_VIRTIO);
  expect(fromVmware).toMatchObject({ platform: 'Windows Server 2012', bootMode: 'BIOS', osType: 'windows' });
  expect(codes(fromVmware, 'blocking')).toEqual(['GUESTOS.Virtio', 'GUESTOS.Virtio']);
});

test('a Windows that is ready for ECS → no warnings', () => {
  const inspection = inspectMadeWindows();
  expect(serious(inspection)).toEqual([]);
  expect(inspection).toMatchObject({
    osType: 'windows',
    platform: 'Windows Server 2022',
    osName: 'Windows Server 2022 Datacenter',
    osVersion: '10.0.20348',
    kernelVersion: '10.0.20348.2700',
    architecture: 'x86_64',
    bootMode: 'UEFI',
    nvmeSupport: 'supported',
    depth: 'guest',
  });
  expect(named(inspection, 'GUESTOS.Virtio')?.evidence).toContain('SYSTEM\\ControlSet001\\Services\\viostor: Start=0');
});

test.each([
  ['Windows Server 2025 Datacenter', '26100', 'Server', 'Other Windows', '6.3.26100'],
  ['Windows Server 2019 Standard', '17763', 'Server Core', 'Windows Server 2019', '6.3.17763'],
  ['Windows Server 2016 Datacenter', '14393', 'Server', 'Windows Server 2016', '6.3.14393'],
  ['Windows Server 2012 R2 Standard', '9600', 'Server', 'Windows Server 2012', '6.3.9600'],
  ['Windows Server (R) 2008 Standard', '6002', '', 'Windows Server 2008', '6.3.6002'],
  ['Microsoft Windows Server 2003', '3790', '', 'Windows Server 2003', '6.3.3790'],
  ['Windows Server Datacenter', '19042', 'Server Core', 'Other Windows', '6.3.19042'],
  ['Hyper-V Server 2019', '17763', 'Server Core', 'Other Windows', '6.3.17763'],
  ['Windows 10 Pro', '19045', 'Client', 'Other Windows', '6.3.19045'],
])('%s, build %s → its Platform value', (name, build, installation, platform, osVersion) => {
  const inspection = inspectMadeWindows(version(name, build, { InstallationType: installation }));
  expect(inspection).toMatchObject({ platform, osVersion });
  expect(serious(inspection).includes('warning ECSIMPORT.Licence')).toBe(platform === 'Other Windows');
});

test('Windows 11 with "Windows 10" in ProductName → Windows 11', () => {
  const inspection = inspectMadeWindows(version('Windows 10 Enterprise', '22631', { InstallationType: 'Client' }));
  expect(inspection.osName).toBe('Windows 11 Enterprise');
});

test('an evaluation edition → warning', () => {
  const inspection = inspectMadeWindows(
    version('Windows Server 2022 Standard Evaluation', '20348', { EditionID: 'ServerStandardEval' }),
  );
  expect(named(inspection, 'ECSIMPORT.Licence')).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('evaluation'),
  });
});

describe('virtio', () => {
  const viostor = SYSTEM[`${SERVICES}\\viostor`] ?? {};
  test.each<[string, Changes, readonly string[]]>([
    ['no viostor', { [`${SERVICES}\\viostor`]: null }, ['blocking GUESTOS.Virtio']],
    ['viostor on demand', { [`${SERVICES}\\viostor`]: { ...viostor, Start: 3 } }, ['blocking GUESTOS.Virtio']],
    [
      'viostor disabled by StartOverride',
      { [`${SERVICES}\\viostor\\StartOverride`]: { 0: 3 } },
      ['warning GUESTOS.Virtio'],
    ],
    ['no network driver', { [`${SERVICES}\\netkvm`]: null }, ['blocking GUESTOS.Virtio']],
    ['network driver disabled', { [`${SERVICES}\\netkvm`]: { Start: 4 } }, ['blocking GUESTOS.Virtio']],
    [
      'no virtio disk bound to viostor',
      { 'DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00': null },
      ['warning GUESTOS.Virtio'],
    ],
    [
      'only vioscsi',
      { [`${SERVICES}\\viostor`]: null, [`${SERVICES}\\vioscsi`]: { Start: 0 } },
      ['blocking GUESTOS.Virtio'],
    ],
  ])('%s', (_name, system, expected) => {
    expect(serious(inspectMadeWindows({ system }))).toEqual(expected);
  });

  test('driver file missing → blocking', () => {
    const inspection = inspectMadeWindows({ files: { '/Windows/System32/drivers/viostor.sys': null } });
    expect(named(inspection, 'GUESTOS.Virtio')).toMatchObject({
      severity: 'blocking',
      evidence: expect.stringContaining('viostor.sys is missing'),
    });
  });

  test('Select\\Default names another control set → that control set is checked', () => {
    const system: Changes = { Select: { Current: 1, Default: 2 }, ...rename(SYSTEM, 'ControlSet001', 'ControlSet002') };
    const inspection = inspectMadeWindows({ system: { ...system, [`${SERVICES}\\viostor`]: null } });
    expect(serious(inspection)).toEqual([]);
  });

  test('device in the critical device database of older systems → bound', () => {
    const inspection = inspectMadeWindows({
      system: {
        'DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00': null,
        [`${CONTROL}\\CriticalDeviceDatabase\\pci#ven_1af4&dev_1001&subsys_00021af4`]: { Service: 'viostor' },
      },
    });
    expect(serious(inspection)).toEqual([]);
  });

  test('stornvme missing → unsupported; disabled by StartOverride → null', () => {
    const nvme = (system: Changes) => inspectMadeWindows({ system }).nvmeSupport;
    expect(nvme({ [`${SERVICES}\\stornvme`]: null })).toBe('unsupported');
    expect(nvme({ [`${SERVICES}\\stornvme\\StartOverride`]: { 0: 3 } })).toBeNull();
  });
});

describe('the boot configuration', () => {
  const efi = '\\Windows\\system32\\winload.efi';
  test.each<[string, MadeWindows, readonly string[]]>([
    ['a BIOS disk with its signature and offset', { firmware: 'BIOS' }, []],
    [
      'a partition of another disk',
      { store: bootStore(partitionDevice({ gpt: '11111111-2222-3333-4444-555555555555' }), efi) },
      ['blocking ECSIMPORT.BootStore'],
    ],
    [
      'the signature of another disk',
      {
        firmware: 'BIOS',
        store: bootStore(partitionDevice({ signature: 7, offset: 1024 * 1024 }), '\\Windows\\system32\\winload.exe'),
      },
      ['blocking ECSIMPORT.BootStore'],
    ],
    [
      'a loader for the other firmware',
      { store: bootStore(relativeDevice(), '\\Windows\\system32\\winload.exe') },
      ['blocking ECSIMPORT.BootStore'],
    ],
    ['the boot partition', { store: bootStore(relativeDevice(), efi) }, []],
    ['safe mode', { store: { ...UEFI_STORE, ...SAFE_BOOT } }, ['warning ECSIMPORT.BootStore']],
    ['no loader', { store: { Objects: {} } }, ['warning ECSIMPORT.BootStore']],
  ])('%s', (_name, parts, expected) => {
    const found = serious(inspectMadeWindows(parts));
    expect([...new Set(found)]).toEqual(expected);
  });
});

describe('the state at shutdown', () => {
  const state = (ImageState: string): MadeWindows => ({
    software: { 'Microsoft\\Windows\\CurrentVersion\\Setup\\State': { ImageState } },
  });
  const cbs = 'Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending';
  test.each<[string, MadeWindows, readonly string[]]>([
    ['sysprep interrupted', state('IMAGE_STATE_UNDEPLOYABLE'), ['blocking ECSIMPORT.Sysprep']],
    ['sysprep without an answer file', state('IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE'), ['warning ECSIMPORT.Sysprep']],
    [
      'sysprep with an answer file',
      {
        ...state('IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE'),
        files: { '/Windows/Panther/unattend.xml': Buffer.from('<unattend/>') },
      },
      [],
    ],
    ['pending updates', { software: { [cbs]: {} } }, ['warning ECSIMPORT.PendingUpdates']],
    [
      'hibernation',
      { files: { '/hiberfil.sys': Buffer.from('HIBR, and the memory') } },
      ['blocking ECSIMPORT.Hibernated'],
    ],
    ['a hibernation file after resume', { files: { '/hiberfil.sys': Buffer.from('WAKE, and the memory') } }, []],
    ['a dirty volume', { stale: 'the volume is marked dirty ($Volume)' }, ['warning ECSIMPORT.NotUnmounted']],
  ])('%s', (_name, parts, expected) => {
    expect(serious(inspectMadeWindows(parts))).toEqual(expected);
  });

  test('a registry with unreplayed logs → info', () => {
    expect(named(inspectMadeWindows({ dirty: true }), 'ECSIMPORT.Registry')).toMatchObject({
      severity: 'info',
      evidence: expect.stringContaining('SYSTEM'),
    });
  });
});

describe('remote access', () => {
  const server = `${CONTROL}\\Terminal Server`;
  const firewall = `${SERVICES}\\SharedAccess\\Parameters\\FirewallPolicy`;
  const rule = (text: string): MadeWindows => ({ system: { [`${firewall}\\FirewallRules`]: { rule: text } } });
  test.each<[string, MadeWindows, readonly string[]]>([
    [
      'Remote Desktop disabled',
      { system: { [server]: { fDenyTSConnections: 1 } } },
      ['warning ECSIMPORT.RemoteDesktop'],
    ],
    [
      'Remote Desktop disabled by policy',
      { software: { 'Policies\\Microsoft\\Windows NT\\Terminal Services': { fDenyTSConnections: 1 } } },
      ['warning ECSIMPORT.RemoteDesktop'],
    ],
    [
      'TermService disabled',
      { system: { [`${SERVICES}\\TermService`]: { Start: 4 } } },
      ['warning ECSIMPORT.RemoteDesktop'],
    ],
    ['no firewall rule', { system: { [`${firewall}\\FirewallRules`]: null } }, ['warning ECSIMPORT.Firewall']],
    [
      'an inactive rule',
      rule('v2.22|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3389|Svc=termservice|'),
      ['warning ECSIMPORT.Firewall'],
    ],
    [
      'a rule for domain and private networks only',
      rule('v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|Profile=Domain|Profile=Private|LPort=3389|App=System|'),
      ['warning ECSIMPORT.Firewall'],
    ],
    ['a rule for a port range', rule('v2.10|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3000-4000|'), []],
    [
      'a rule for another program',
      rule('v2.10|Action=Allow|Active=TRUE|Dir=In|App=C:\\x.exe|'),
      ['warning ECSIMPORT.Firewall'],
    ],
    ['firewall disabled', { system: { [`${firewall}\\PublicProfile`]: { EnableFirewall: 0 } } }, []],
    ['no cloudbase-init', { system: { [`${SERVICES}\\cloudbase-init`]: null } }, ['warning ECSIMPORT.CloudbaseInit']],
    [
      'a static address',
      { system: { [`${SERVICES}\\Tcpip\\Parameters\\Interfaces\\{1}`]: { EnableDHCP: 0, IPAddress: ['10.3.58.5'] } } },
      ['warning GUESTOS.Dhcp'],
    ],
  ])('%s', (_name, parts, expected) => {
    expect(serious(inspectMadeWindows(parts))).toEqual(expected);
  });
});

describe('registry hives', () => {
  const keys = {
    'A\\B': { text: 'x\u0007y', number: 5, many: ['a', 'b'], long: Buffer.alloc(50_000, 7) },
    ...Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`Many\\Key${index}`, { index }])),
  };
  const bytes = hive(keys);

  test('keys in nested lists and segmented values → found, case-insensitively', () => {
    const { root } = openHive(bufferSource(bytes));
    expect(root.key('many\\KEY577')?.number('INDEX')).toBe(577);
    expect(root.key('Many')?.names()).toHaveLength(600);
    expect(root.key('a\\b')?.bytes('long')).toEqual(Buffer.alloc(50_000, 7));
    expect(root.key('A\\B')?.texts('many')).toEqual(['a', 'b']);
    expect(root.key('A\\C')).toBeNull();
  });

  test('control characters in a value → removed', () => {
    expect(openHive(bufferSource(bytes)).root.key('A\\B')?.text('text')).toBe('x y');
  });

  test('a hive with one changed byte → read, or rejected with an error', () => {
    const small = hive({ 'A\\B': { text: 'x', many: ['a'], bytes: Buffer.alloc(99) }, C: { number: 1 } });
    for (let at = 0; at < 5200; at += at < 4096 ? 61 : 1) {
      for (const value of [0, 0xff, 0x80]) {
        const copy = Buffer.from(small);
        copy[at] = value;
        readAll(copy);
      }
    }
  });
});

/** Reads everything that a check may read. */
function readAll(bytes: Buffer): void {
  try {
    const { root } = openHive(bufferSource(bytes));
    for (const name of root.names()) root.key(name)?.names();
    const key = root.key('A\\B');
    for (const name of key?.valueNames() ?? []) key?.bytes(name);
  } catch (error) {
    // ERR_OUT_OF_RANGE: a field outside a truncated table. The inspection catches it too.
    const caught = error instanceof UnreadableError || (error instanceof RangeError && 'code' in error);
    if (!caught) throw error;
  }
}

function relativeDevice(): Buffer {
  const bytes = Buffer.alloc(88);
  bytes.writeUInt32LE(5, 16);
  return bytes;
}

function rename(keys: Changes, from: string, to: string): Changes {
  return Object.fromEntries(
    Object.entries(keys).flatMap(([path, values]) => (path.startsWith(from) ? [[path.replace(from, to), values]] : [])),
  );
}
