/** The requirements of the ImportImage documentation for the guest, each checked by the inspection. */
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
import { layoutOf, linkFindings } from '../support/images/guest-files.js';

function treeOf(files: Readonly<Record<string, string>>): GuestTree {
  const paths = Object.keys(files);
  const text = (path: string) => files[path] ?? null;
  return {
    mounts: [],
    text,
    info: () => null,
    link: () => null,
    hasHole: () => false,
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

/** The highest severity of a check's findings with one code. */
function severity(code: string, check: (findings: FindingList) => unknown): string {
  const findings = findingList();
  check(findings);
  const found = findings.all.filter((finding) => finding.code === code).map((finding) => finding.severity);
  return ['blocking', 'warning', 'info'].find((level) => found.some((other) => other === level)) ?? 'none';
}

test('virtio driver not available at boot → blocking', () => {
  const severityFor = (value: 'y' | 'm' | 'n') =>
    severity('GUESTOS.Virtio', (findings) => checkDrivers(kernelOf('5.10.0', value), linkFindings(findings)));
  expect([severityFor('y'), severityFor('m'), severityFor('n')]).toEqual(['info', 'blocking', 'blocking']);
});

test('arm64 or a listed platform → the requirements apply', () => {
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

describe('setting passwords and key pairs', () => {
  test('CONFIG_FW_CFG_SYSFS neither built in nor a module → warning', () => {
    const severityFor = (value: 'y' | 'm' | 'n') =>
      severity('ECSIMPORT.FwCfg', (findings) => checkFwCfg(kernelOf('5.10.0', value), true, findings));
    expect([severityFor('y'), severityFor('m'), severityFor('n')]).toEqual(['info', 'info', 'warning']);
  });

  test('cloud-init older than 19.1.3, or than 0.7.6a15 of the old branch → warning', () => {
    const severityFor = (files: Readonly<Record<string, string>>) =>
      severity('GUESTOS.CloudInit', (findings) => checkCloudInit(treeOf(files), [], true, findings));
    const versions = ['19.1.3', '23.4', '0.7.6a15', '19.1.2', '0.7.9', '0.7.6a14'];
    expect(versions.map((version) => severityFor(cloudInit(version)))).toEqual([
      ...['info', 'info', 'info'],
      ...['warning', 'warning', 'warning'],
    ]);
    expect(severityFor({})).toBe('warning');
  });

  test('password hashes weaker than SHA-512 → warning', () => {
    const severityFor = (method: string) =>
      severity('ECSIMPORT.Sha512', (findings) =>
        checkAccess(treeOf({ '/etc/login.defs': `ENCRYPT_METHOD ${method}\n` }), true, true, findings),
      );
    expect([severityFor('SHA512'), severityFor('YESCRYPT'), severityFor('MD5')]).toEqual(['info', 'info', 'warning']);
  });
});

describe('resizing disk and file system', () => {
  const tools = { '/usr/bin/growpart': '', '/sbin/resize2fs': '' };
  const severityFor = (files: Readonly<Record<string, string>>, version = '5.10.0', hasCloudInit = true) =>
    severity('GUESTOS.OnlineResizeFS', (findings) =>
      checkResize(
        rootOf(files),
        layoutOf({ files }),
        kernelOf(version),
        hasCloudInit ? { version: '23.4', evidence: '', runs: true, setsNetwork: true } : null,
        findings,
      ),
    );

  test('growpart missing → warning', () => {
    expect([severityFor(tools), severityFor({ '/sbin/resize2fs': '' })]).toEqual(['info', 'warning']);
  });

  test('resize2fs missing → warning', () => {
    expect(severityFor({ '/usr/bin/growpart': '' })).toBe('warning');
  });

  test('kernel not later than 3.6 → warning', () => {
    expect([severityFor(tools, '3.7.0'), severityFor(tools, '3.5.0'), severityFor(tools, '2.6.32')]).toEqual([
      'info',
      'warning',
      'warning',
    ]);
  });

  test('cloud-init missing → warning that the root does not grow', () => {
    expect(severityFor(tools, '5.10.0', false)).toBe('warning');
  });
});

test('arm64 with the hardware clock in local time → warning', () => {
  const severityFor = (mode: string) =>
    severity('GUESTOS.RtcTimeMode', (findings) =>
      checkSystem(rootOf({ '/etc/adjtime': `0.0 0 0.0\n0\n${mode}\n` }), { architecture: 'arm64', args: [] }, findings),
    );
  expect([severityFor('UTC'), severityFor('LOCAL')]).toEqual(['info', 'warning']);
});
