/** Real images against what was written into them; scripts/make-test-images.sh makes them, and without them this is skipped. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectImage } from '../../images/inspect.js';
import { codes } from './made-images.js';

const CACHE = path.resolve(import.meta.dirname, 'cache');
const images = existsSync(CACHE)
  ? readdirSync(CACHE).filter((name) => existsSync(path.join(CACHE, `${name}.expected`)))
  : [];

/** The finding that each broken variant must have, and nothing else above `info` may. */
const DEFECTS: Readonly<Record<string, readonly [severity: string, code: string][]>> = {
  'broken-fstab-device.qcow2': [['blocking', 'GUESTOS.Fstab']],
  'broken-grub-device.qcow2': [['blocking', 'GUESTOS.Grub']],
  'broken-no-virtio.qcow2': [['blocking', 'GUESTOS.Virtio']],
  'broken-no-cloud-init.qcow2': [
    ['warning', 'GUESTOS.CloudInit'],
    ['warning', 'GUESTOS.OnlineResizeFS'],
  ],
  'broken-static-address.qcow2': [['warning', 'GUESTOS.Dhcp']],
  'broken-local-clock.qcow2': [['warning', 'GUESTOS.RtcTimeMode']],
};

describe.skipIf(images.length === 0)('real images', () => {
  test.each(images)('%s', async (name) => {
    const expected = new Map(
      readFileSync(path.join(CACHE, `${name}.expected`), 'utf8')
        .split('\n')
        .map((line): [string, string] => [line.split('=')[0] ?? '', line.split('=')[1] ?? '']),
    );
    const started = performance.now();
    const told = await inspectImage(path.join(CACHE, name));
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(told).toMatchObject({
      platform: expected.get('platform'),
      osVersion: expected.get('osVersion'),
      architecture: expected.get('architecture'),
      bootMode: expected.get('bootMode'),
      depth: 'guest',
    });
    const message = (code: string) => told.findings.find((finding) => finding.code === code)?.message;
    expect(message('GUESTOS.KernelVersion')).toBe(`Kernel ${expected.get('kernel')}`);
    if (name !== 'broken-no-cloud-init.qcow2')
      expect(message('GUESTOS.CloudInit')).toContain(expected.get('cloudInit'));
    const serious = told.findings.filter(
      ({ severity, code }) => severity !== 'info' && code !== 'ECSIMPORT.VmdkByInvitation',
    );
    expect(serious.map(({ severity, code }) => [severity, code]).sort()).toEqual([...(DEFECTS[name] ?? [])].sort());
    expect(codes(told, 'info')).toContain('GUESTOS.Platform');
  });
});
