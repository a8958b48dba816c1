/** What the vendor's ImportImage page asks of the guest itself, each requirement found by reading the image. */
import { describe, expect, test } from 'vitest';
import { type FindingList, findingList } from '../../images/findings.js';
import { checkAccess } from '../../images/guest/access.js';
import { checkCloudInit } from '../../images/guest/cloud-init.js';
import { checkDrivers, checkFwCfg, needsDocumentRequirements } from '../../images/guest/drivers.js';
import { identify } from '../../images/guest/identity.js';
import type { Kernel } from '../../images/guest/kernel.js';
import type { Root } from '../../images/guest/mounts.js';
import { checkResize } from '../../images/guest/resize.js';
import { checkSystem } from '../../images/guest/system.js';
import type { GuestTree } from '../../images/guest/tree.js';
import { layoutOf } from '../support/images/guest-files.js';

function treeOf(files: Readonly<Record<string, string>>): GuestTree {
  const paths = Object.keys(files);
  const text = (path: string) => files[path] ?? null;
  return {
    mounts: [],
    text,
    info: () => null,
    link: () => null,
    source: () => null,
    bytes: (path) => (files[path] === undefined ? null : Buffer.from(files[path])),
    exists: (path) => paths.some((one) => one === path || one.startsWith(`${path}/`)),
    list: (path) => {
      const inside = paths.filter((one) => one.startsWith(`${path}/`)).map((one) => one.slice(path.length + 1));
      return [...new Set(inside.map((one) => one.split('/')[0] ?? ''))].sort();
    },
  };
}

function kernelOf(version: string, fwCfg: 'y' | 'm' | 'n' = 'y'): Kernel {
  return {
    ...{ version, evidence: '', configFile: `/boot/config-${version}`, initramfs: null, entry: null },
    config: () => fwCfg,
    driver: () => (({ y: 'built in', m: 'module', n: 'absent' }) as const)[fwCfg],
  };
}

/** A guest with these files on the only partition. */
function rootOf(files: Readonly<Record<string, string>>): Root {
  const [volume] = layoutOf({ files }).volumes;
  if (volume === undefined) throw new Error('no volume');
  return { tree: treeOf(files), volume, fstab: [] };
}

const cloudInit = (version: string) => ({
  '/usr/lib/python3/dist-packages/cloudinit/version.py': `__VERSION__ = "${version}"`,
});

/** The gravest thing that a check says under one code. */
function severity(code: string, check: (findings: FindingList) => unknown): string {
  const findings = findingList();
  check(findings);
  const said = findings.all.filter((finding) => finding.code === code).map((finding) => finding.severity);
  return ['blocking', 'warning', 'info'].find((one) => said.some((other) => other === one)) ?? 'nothing';
}

test('the virtio driver is there when the kernel starts, or the image would find no disk', () => {
  const said = (value: 'y' | 'm' | 'n') =>
    severity('GUESTOS.Virtio', (findings) => checkDrivers(kernelOf('5.10.0', value), findings));
  expect([said('y'), said('m'), said('n')]).toEqual(['info', 'blocking', 'blocking']);
});

test('the requirements are for arm64 and for the platforms that the page names', () => {
  const named = ['centos-stream', 'anolis', 'almalinux', 'uos', 'kylin', 'rocky'];
  const system = (id: string) => {
    const [name, version] =
      id === 'centos-stream' ? ['centos', 'NAME="CentOS Stream"\nVERSION_ID="9"'] : [id, 'VERSION_ID="8"'];
    return identify(treeOf({ '/etc/os-release': `ID="${name}"\n${version}\n` }));
  };
  expect(named.filter((id) => !needsDocumentRequirements(system(id), 'x86_64'))).toEqual([]);
  expect(needsDocumentRequirements(system('debian'), 'x86_64')).toBe(false);
  expect(needsDocumentRequirements(system('debian'), 'arm64')).toBe(true);
});

describe('so that the cloud can set password and key pair', () => {
  test('the kernel has CONFIG_FW_CFG_SYSFS, built in or as a module', () => {
    const said = (value: 'y' | 'm' | 'n') =>
      severity('ECSIMPORT.FwCfg', (findings) => checkFwCfg(kernelOf('5.10.0', value), true, findings));
    expect([said('y'), said('m'), said('n')]).toEqual(['info', 'info', 'warning']);
  });

  test('cloud-init is 19.1.3 or later, or 0.7.6a15 or later of the old branch', () => {
    const said = (files: Readonly<Record<string, string>>) =>
      severity('GUESTOS.CloudInit', (findings) => checkCloudInit(treeOf(files), [], true, findings));
    const versions = ['19.1.3', '23.4', '0.7.6a15', '19.1.2', '0.7.9', '0.7.6a14'];
    expect(versions.map((version) => said(cloudInit(version)))).toEqual([
      ...['info', 'info', 'info'],
      ...['warning', 'warning', 'warning'],
    ]);
    expect(said({})).toBe('warning');
  });

  test('passwords are hashed with SHA-512, or better', () => {
    const said = (method: string) =>
      severity('ECSIMPORT.Sha512', (findings) =>
        checkAccess(treeOf({ '/etc/login.defs': `ENCRYPT_METHOD ${method}\n` }), true, true, findings),
      );
    expect([said('SHA512'), said('YESCRYPT'), said('MD5')]).toEqual(['info', 'info', 'warning']);
  });
});

describe('so that disk and file system can grow', () => {
  const tools = { '/usr/bin/growpart': '', '/sbin/resize2fs': '' };
  const said = (files: Readonly<Record<string, string>>, version = '5.10.0', hasCloudInit = true) =>
    severity('GUESTOS.OnlineResizeFS', (findings) =>
      checkResize(
        rootOf(files),
        layoutOf({ files }),
        kernelOf(version),
        hasCloudInit ? { version: '23.4', evidence: '', runs: true, setsNetwork: true } : null,
        findings,
      ),
    );

  test('growpart is there', () => {
    expect([said(tools), said({ '/sbin/resize2fs': '' })]).toEqual(['info', 'warning']);
  });

  test('resize2fs is there', () => {
    expect(said({ '/usr/bin/growpart': '' })).toBe('warning');
  });

  test('the kernel is later than 3.6', () => {
    expect([said(tools, '3.7.0'), said(tools, '3.5.0'), said(tools, '2.6.32')]).toEqual(['info', 'warning', 'warning']);
  });

  test('cloud-init is there to do it', () => {
    expect(said(tools, '5.10.0', false)).toBe('warning');
  });
});

test('the hardware clock of an arm64 is in UTC', () => {
  const said = (mode: string) =>
    severity('GUESTOS.RtcTimeMode', (findings) =>
      checkSystem(rootOf({ '/etc/adjtime': `0.0 0 0.0\n0\n${mode}\n` }), { architecture: 'arm64', args: [] }, findings),
    );
  expect([said('UTC'), said('LOCAL')]).toEqual(['info', 'warning']);
});
