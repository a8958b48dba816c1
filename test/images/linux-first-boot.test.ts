/** What keeps the first boot on ECS from finding its network and its data source. */
import { describe, expect, test } from 'vitest';
import type { ConstructedGuest } from '../support/images/constructed-guests.js';
import type { Files } from '../support/images/guest-files.js';
import { added, changed, guestNamed, inspect } from '../support/images/inspected-guests.js';

const ROCKY = guestNamed('rocky-8');
const CENTOS = guestNamed('centos-7');
const UBUNTU = guestNamed('ubuntu-22');
const UBUNTU_CFG = '/boot/grub/grub.cfg';
const IFCFG = '/etc/sysconfig/network-scripts/ifcfg-eth0';

test('a data source list with AliYun → no finding', () => {
  const list = { '/etc/cloud/cloud.cfg.d/90_dpkg.cfg': 'datasource_list: [ NoCloud, AliYun, None ]\n' };
  expect(added(UBUNTU, list)).toEqual([]);
  expect(added(ROCKY, list)).toEqual([]);
});

describe('a source machine’s network adapter in the configuration → ECSIMPORT.PersistentNet', () => {
  const mac = '00:50:56:aa:bb:cc';
  test.each<[string, ConstructedGuest, Files]>([
    ['ifcfg', ROCKY, { [IFCFG]: `DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\nHWADDR="${mac}"\n` }],
    [
      'a NetworkManager keyfile',
      ROCKY,
      {
        '/etc/NetworkManager/system-connections/ens192.nmconnection': `[connection]\ntype=ethernet\n[ethernet]\nmac-address=${mac.toUpperCase()}\n[ipv4]\nmethod=auto\n`,
      },
    ],
    [
      'netplan',
      UBUNTU,
      {
        '/etc/netplan/01-install.yaml': `network:\n  version: 2\n  ethernets:\n    lan:\n      match:\n        macaddress: "${mac}"\n      dhcp4: true\n      set-name: lan\n`,
      },
    ],
    [
      'netplan on one line',
      UBUNTU,
      { '/etc/netplan/01-install.yaml': `network: {ethernets: {lan: {match: {macaddress: ${mac}}, dhcp4: true}}}\n` },
    ],
    [
      'systemd-networkd',
      UBUNTU,
      { '/etc/systemd/network/10-lan.network': `[Match]\nMACAddress=${mac}\n[Network]\nDHCP=yes\n` },
    ],
    [
      'a link of systemd',
      UBUNTU,
      { '/etc/systemd/network/10-lan.link': `[Match]\nMACAddress=${mac}\n[Link]\nName=lan0\n` },
    ],
    [
      'a rule of udev',
      ROCKY,
      {
        '/etc/udev/rules.d/70-persistent-net.rules': `SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="${mac}", NAME="eth0"\n`,
      },
    ],
  ])('%s', (_name, guest, changes) => {
    expect(added(guest, changes)).toContain('warning ECSIMPORT.PersistentNet');
  });
});

describe('a data source that is set for cloud-init', () => {
  const NO_SOURCE = ['warning GUESTOS.CloudInit'];
  test.each<[string, Files, string[]]>([
    ['ds-identify.cfg names another', { '/etc/cloud/ds-identify.cfg': 'datasource: NoCloud\n' }, NO_SOURCE],
    ['ds-identify.cfg names AliYun', { '/etc/cloud/ds-identify.cfg': 'datasource: AliYun\n' }, []],
    [
      'ds-identify.cfg names AliYun, which counts more than the list',
      {
        '/etc/cloud/ds-identify.cfg': 'policy: search\ndatasource: AliYun\n',
        '/etc/cloud/cloud.cfg.d/90.cfg': 'datasource_list: [NoCloud]\n',
      },
      [],
    ],
    [
      'the last list counts',
      {
        '/etc/cloud/cloud.cfg.d/99.cfg': 'datasource_list: [Ec2]\n',
        '/etc/cloud/cloud.cfg.d/10.cfg': 'datasource_list: [AliYun]\n',
      },
      NO_SOURCE,
    ],
    [
      'a list in brackets over lines',
      { '/etc/cloud/cloud.cfg.d/99.cfg': 'datasource_list: [\n  Ec2,\n  "AliYun"\n]\n' },
      [],
    ],
    ['a comment', { '/etc/cloud/cloud.cfg.d/99.cfg': '# datasource_list: [Ec2]\n' }, []],
  ])('%s', (_name, files, expected) => {
    expect(added(UBUNTU, files)).toEqual(expected);
  });

  test.each([
    ['ds=nocloud', NO_SOURCE],
    ['ds=nocloud;s=http://10.0.0.1/', NO_SOURCE],
    ['ci.datasource=Ec2', NO_SOURCE],
    ['ci.ds=AliYun', []],
    ['ds=aliyun', []],
    ['cloud-init=enabled', []],
  ])('%s on the kernel command line', (argument, expected) => {
    expect(added(UBUNTU, changed(UBUNTU, UBUNTU_CFG, / ro /g, ` ro ${argument} `))).toEqual(expected);
  });
});

test.each([
  ['from distutils import version as vr\n\ndef version():\n    return vr.StrictVersion("0.7.6a15")\n', '0.7.6a15'],
  ['__VERSION__ = "22.4.2"\n_PACKAGED_VERSION = "@@PACKAGED_VERSION@@"\n', '22.4.2'],
  ['__VERSION__ = "23.4.4"\n_PACKAGED_VERSION = "23.4.4-0ubuntu0~22.04.1"\n', '23.4.4-0ubuntu0~22.04.1'],
])('version.py of cloud-init %j → its version', (source, version) => {
  const file = '/usr/lib/python2.7/site-packages/cloudinit/version.py';
  expect(inspect(CENTOS, { [file]: source }).cloudInitVersion).toBe(version);
});

test('cloud-init 25.3 and later → the version in meson_versions.py', () => {
  const folder = '/usr/lib/python2.7/site-packages/cloudinit';
  const inspection = inspect(CENTOS, {
    [`${folder}/version.py`]: 'from cloudinit import meson_versions\n__VERSION__ = meson_versions.UPSTREAM_VERSION\n',
    [`${folder}/meson_versions.py`]: 'UPSTREAM_VERSION = "26.2"\nDOWNSTREAM_VERSION = "@DOWNSTREAM_VERSION@"\n',
  });
  expect(inspection.cloudInitVersion).toBe('26.2');
});
