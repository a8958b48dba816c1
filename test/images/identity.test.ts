/** ImportImage's Platform of each distribution, by its release files. A wrong value is worse than "Others Linux". */
import { expect, test } from 'vitest';
import { LINUX_PLATFORMS } from '../../domain/request/vocabulary.js';
import { identify } from '../../images/guest/identity.js';
import { guestTree } from '../../images/guest/tree.js';
import { type Files, memoryFileSystem } from '../support/images/guest-files.js';

const identityOf = (files: Files) => identify(guestTree([{ at: '/', fileSystem: memoryFileSystem(files, null) }]));
const os = (content: string): Files => ({ '/etc/os-release': content });
const RHEL6 = 'Red Hat Enterprise Linux Server release 6.10 (Santiago)\n';

const CASES: readonly (readonly [name: string, files: Files, platform: string, version: string | null])[] = [
  [
    'Alibaba Cloud Linux 2',
    os('NAME="Alibaba Cloud Linux (Aliyun Linux)"\nID="alinux"\nVERSION_ID="2.1903"\n'),
    'Aliyun',
    '2.1903',
  ],
  [
    'Alibaba Cloud Linux 3',
    os('NAME="Alibaba Cloud Linux"\nID="alinux"\nID_LIKE="rhel fedora centos anolis"\nVERSION_ID="3"\n'),
    'Aliyun',
    '3',
  ],
  ['Alibaba Cloud Linux 4', os('NAME="Alibaba Cloud Linux"\nID="alinux"\nVERSION_ID="4"\n'), 'Aliyun', '4'],
  [
    'Anolis OS 8',
    os('NAME="Anolis OS"\nID="anolis"\nID_LIKE="rhel fedora centos"\nVERSION_ID="8.8"\n'),
    'Anolis',
    '8.8',
  ],
  ['Anolis OS 23', os('NAME="Anolis OS"\nID="anolis"\nVERSION_ID="23"\n'), 'Anolis', '23'],
  ['CentOS 7', os('NAME="CentOS Linux"\nID="centos"\nID_LIKE="rhel fedora"\nVERSION_ID="7"\n'), 'CentOS', '7'],
  [
    'CentOS 6',
    { '/etc/centos-release': 'CentOS release 6.10 (Final)\n', '/etc/redhat-release': 'CentOS release 6.10 (Final)\n' },
    'CentOS',
    '6.10',
  ],
  ['CentOS 5', { '/etc/redhat-release': 'CentOS release 5.11 (Final)\n' }, 'CentOS', '5.11'],
  ['CentOS Stream 9', os('NAME="CentOS Stream"\nID="centos"\nVERSION_ID="9"\n'), 'CentOS Stream', '9'],
  [
    'CentOS Stream 8',
    os('NAME="CentOS Stream"\nVERSION="8"\nID="centos"\nVERSION_ID="8"\nPRETTY_NAME="CentOS Stream 8"\n'),
    'CentOS Stream',
    '8',
  ],
  [
    'Ubuntu 24.04',
    os('PRETTY_NAME="Ubuntu 24.04.1 LTS"\nNAME="Ubuntu"\nVERSION_ID="24.04"\nID=ubuntu\nID_LIKE=debian\n'),
    'Ubuntu',
    '24.04',
  ],
  [
    'Ubuntu 10.04',
    {
      '/etc/lsb-release': 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=10.04\nDISTRIB_DESCRIPTION="Ubuntu 10.04.4 LTS"\n',
      '/etc/debian_version': 'squeeze/sid\n',
    },
    'Ubuntu',
    '10.04',
  ],
  ['Container Linux', os('NAME="Container Linux by CoreOS"\nID=coreos\nVERSION_ID=2512.3.0\n'), 'CoreOS', '2512.3.0'],
  [
    'SLES 11',
    { '/etc/SuSE-release': 'SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n' },
    'SUSE',
    '11',
  ],
  ['SLES 12', os('NAME="SLES"\nVERSION_ID="12.5"\nID="sles"\n'), 'SUSE', '12.5'],
  ['SLES 15 for SAP', os('NAME="SLES"\nVERSION_ID="15.5"\nID="sles"\nID_LIKE="suse"\n'), 'SUSE', '15.5'],
  ['SLES 16', os('NAME="SLES"\nVERSION_ID="16.0"\nID="sles"\n'), 'SUSE', '16.0'],
  ['SUSE Linux Micro 6', os('NAME="SL-Micro"\nVERSION_ID="6.0"\nID="sl-micro"\n'), 'SUSE', '6.0'],
  ['Debian 12', os('NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n'), 'Debian', '12'],
  ['Debian sid', os('NAME="Debian GNU/Linux"\nVERSION_CODENAME=forky\nID=debian\n'), 'Debian', 'forky'],
  ['Debian 6', { '/etc/debian_version': '6.0.10\n' }, 'Debian', '6.0.10'],
  [
    'openSUSE Leap',
    os('NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\nVERSION_ID="15.6"\n'),
    'OpenSUSE',
    '15.6',
  ],
  [
    'openSUSE Tumbleweed',
    os('NAME="openSUSE Tumbleweed"\nID="opensuse-tumbleweed"\nVERSION_ID="20260101"\n'),
    'OpenSUSE',
    '20260101',
  ],
  ['openSUSE MicroOS', os('NAME="openSUSE MicroOS"\nID="opensuse-microos"\n'), 'OpenSUSE', null],
  ['openSUSE 11', { '/etc/SuSE-release': 'openSUSE 11.4 (x86_64)\nVERSION = 11.4\n' }, 'OpenSUSE', '11.4'],
  ['FreeBSD', os('NAME=FreeBSD\nVERSION_ID="14.1"\nID=freebsd\n'), 'FreeBSD', '14.1'],
  ['RHEL 9', os('NAME="Red Hat Enterprise Linux"\nID="rhel"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n'), 'RedHat', '9.4'],
  ['RHEL 7', os('NAME="Red Hat Enterprise Linux Server"\nID="rhel"\nVERSION_ID="7.9"\n'), 'RedHat', '7.9'],
  ['RHEL 6', { '/etc/redhat-release': RHEL6, '/etc/lsb-release': 'LSB_VERSION=base-4.0-amd64\n' }, 'RedHat', '6.10'],
  ['Kylin V10', os('NAME="Kylin Linux Advanced Server"\nID="kylin"\nVERSION_ID="V10"\n'), 'Kylin', 'V10'],
  [
    'UOS 20',
    os('PRETTY_NAME="UnionTech OS Server 20"\nNAME="UnionTech OS Server 20"\nVERSION_ID="20"\nID=uos\n'),
    'UOS',
    '20',
  ],
  ['UOS, upper case', os('NAME="UOS"\nVERSION_ID="20"\nID="UOS"\n'), 'UOS', '20'],
  ['Fedora', os('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=41\nVARIANT_ID=cloud\n'), 'Fedora', '41'],
  [
    'Fedora by its release file',
    {
      '/etc/fedora-release': 'Fedora release 14 (Laughlin)\n',
      '/etc/redhat-release': 'Fedora release 14 (Laughlin)\n',
    },
    'Fedora',
    '14',
  ],
  ['Fedora CoreOS', os('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=41\nVARIANT_ID=coreos\n'), 'Fedora CoreOS', '41'],
  [
    'AlmaLinux',
    os('NAME="AlmaLinux"\nID="almalinux"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n'),
    'AlmaLinux',
    '9.4',
  ],
  ['Rocky Linux', os('NAME="Rocky Linux"\nID="rocky"\nVERSION_ID="9.4"\n'), 'Rocky Linux', '9.4'],
  ['Gentoo', os('NAME=Gentoo\nID=gentoo\n'), 'Gentoo', null],
  ['Gentoo by its release file', { '/etc/gentoo-release': 'Gentoo Base System release 2.14\n' }, 'Gentoo', '2.14'],
];

test.each(CASES)('%s', (_name, files, platform, version) => {
  expect(identityOf(files)).toMatchObject({ platform, version });
});

test('every Linux platform has a case', () => {
  const cases = new Set(CASES.map(([, , platform]) => platform));
  const missing = LINUX_PLATFORMS.filter((one) => !cases.has(one));
  expect(missing).toEqual(['Customized Linux', 'Others Linux']);
});

test.each<[string, Files]>([
  ['openEuler', os('NAME="openEuler"\nID="openEuler"\nVERSION_ID="24.03"\n')],
  ['EulerOS', { '/etc/euleros-release': 'EulerOS release 2.0 (SP8)\n', '/etc/redhat-release': 'CentOS release 7\n' }],
  ['openKylin', os('NAME="openKylin"\nID=openkylin\nID_LIKE=debian\nVERSION_ID="2.0"\n')],
  ['deepin', os('NAME="Deepin"\nID=Deepin\nVERSION_ID="23"\n')],
  ['Arch Linux', os('NAME="Arch Linux"\nID=arch\n')],
  ['Arch Linux by its release file', { '/etc/arch-release': '' }],
  [
    'Manjaro',
    { '/etc/lsb-release': 'DISTRIB_ID=ManjaroLinux\nDISTRIB_DESCRIPTION="Manjaro Linux"\n', '/etc/arch-release': '' },
  ],
  ['Void', os('NAME="Void"\nID="void"\n')],
  ['Alpine', os('NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\n')],
  ['NixOS', os('NAME=NixOS\nID=nixos\nVERSION_ID="24.05"\n')],
  ['Amazon Linux 1', { ...os('NAME="Amazon Linux AMI"\nID="amzn"\nID_LIKE="rhel fedora"\nVERSION_ID="2018.03"\n') }],
  ['Amazon Linux 2', os('NAME="Amazon Linux"\nID="amzn"\nID_LIKE="centos rhel fedora"\nVERSION_ID="2"\n')],
  ['Amazon Linux 2023', os('NAME="Amazon Linux"\nID="amzn"\nID_LIKE="fedora"\nVERSION_ID="2023"\n')],
  ['Oracle Linux 9', os('NAME="Oracle Linux Server"\nID="ol"\nID_LIKE="fedora"\nVERSION_ID="9.4"\n')],
  ['Oracle Linux 6', { '/etc/oracle-release': 'Oracle Linux Server release 6.10\n', '/etc/redhat-release': RHEL6 }],
  ['Photon', os('NAME="VMware Photon OS"\nID=photon\nVERSION_ID=5.0\n')],
  ['Flatcar', os('NAME="Flatcar Container Linux by Kinvolk"\nID=flatcar\nID_LIKE=coreos\nVERSION_ID=3975.2.0\n')],
  ['Bottlerocket', os('NAME=Bottlerocket\nID=bottlerocket\nVERSION_ID=1.20.0\n')],
  ['Clear Linux', { '/usr/lib/os-release': 'NAME="Clear Linux OS"\nID=clear-linux-os\nVERSION_ID=42000\n' }],
  ['Kali', os('NAME="Kali GNU/Linux"\nID=kali\nID_LIKE=debian\nVERSION_ID="2024.3"\n')],
  ['Linux Mint', os('NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n')],
  [
    'Linux Mint by lsb-release',
    { '/etc/lsb-release': 'DISTRIB_ID=LinuxMint\nDISTRIB_RELEASE=13\n', '/etc/debian_version': 'wheezy/sid\n' },
  ],
  ['Raspbian', os('NAME="Raspbian GNU/Linux"\nID=raspbian\nID_LIKE=debian\nVERSION_ID="12"\n')],
  ['Devuan', os('NAME="Devuan GNU/Linux"\nID=devuan\nID_LIKE=debian\nVERSION_ID="5"\n')],
  ['Devuan by its release file', { '/etc/devuan_version': 'beowulf\n', '/etc/debian_version': '10.0\n' }],
  ['CloudLinux 9', os('NAME="CloudLinux"\nID="cloudlinux"\nID_LIKE="rhel fedora centos"\nVERSION_ID="9.4"\n')],
  ['CloudLinux 6', { '/etc/redhat-release': 'CloudLinux Server release 6.10 (Final)\n' }],
  ['EuroLinux', os('NAME="EuroLinux"\nID="eurolinux"\nID_LIKE="scientific rhel fedora centos"\nVERSION_ID="9.4"\n')],
  [
    'Springdale, which keeps the ID of RHEL',
    os('NAME="Springdale Open Enterprise Linux"\nID="rhel"\nVERSION_ID="9.2"\n'),
  ],
  ['Red Hat CoreOS', os('NAME="Red Hat Enterprise Linux CoreOS"\nID="rhel"\nVARIANT_ID="coreos"\nVERSION_ID="4.16"\n')],
  ['Scientific Linux 6', { '/etc/redhat-release': 'Scientific Linux release 6.10 (Carbon)\n' }],
  ['Slackware', { '/etc/slackware-version': 'Slackware 15.0\n' }],
  ['a system without an ID', os('NAME="Something"\nPRETTY_NAME="Something built on Red Hat"\n')],
])('%s → Others Linux', (_name, files) => {
  expect(identityOf(files)).toMatchObject({ platform: 'Others Linux', name: expect.stringMatching(/./) });
});

test('no release file → null', () => {
  expect(identityOf({ '/etc/fstab': '' })).toBeNull();
});
