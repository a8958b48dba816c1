/** Encrypted volumes beside the root: systemd waits for a passphrase without limit (crypttab(5)). */
import { expect, test } from 'vitest';
import { CONSTRUCTED, ROOT_UUID } from '../support/images/constructed-guests.js';
import { BIOS, type Files, inspectGuestFiles, layoutOf } from '../support/images/guest-files.js';

const FILES: Files = CONSTRUCTED['centos-7']?.root ?? {};
const LUKS = '11111111-2222-4333-8444-555555555555';
const BUSYBOX: Files = { '/sbin/init': '-> ../bin/busybox', '/bin/busybox': FILES['/usr/lib/systemd/systemd'] ?? '' };

test.each<[string, string, Files?]>([
  [`data UUID=${LUKS} none luks`, 'not verified'],
  [`data UUID=${LUKS}`, 'not verified'],
  [`data UUID=${LUKS} - discard`, 'not verified'],
  [`data /dev/disk/by-uuid/${LUKS} none luks`, 'not verified'],
  [`data UUID=${LUKS} /etc/keys/data.key luks`, 'not verified'],
  [`data UUID=${LUKS} /etc/keys/data.key luks`, 'verified', { '/etc/keys/data.key': 'x' }],
  [`data UUID=${LUKS} none luks`, 'verified', { '/etc/cryptsetup-keys.d/data.key': 'x' }],
  [`data UUID=${LUKS} none luks,nofail`, 'verified'],
  [`data UUID=${LUKS} none noauto`, 'verified'],
  [`data UUID=${LUKS} none tpm2-device=auto`, 'not verified'],
  [`data UUID=${LUKS} none timeout=60`, 'verified'],
  [`swap UUID=${LUKS} /dev/urandom swap`, 'verified'],
  ['data UUID=00000000-2222-4333-8444-555555555555 none luks', 'verified'],
  [`# data UUID=${LUKS} none luks`, 'verified'],
  [`data UUID=${LUKS} none luks`, 'verified', BUSYBOX],
])('%s → mounts are %s', (line, expected, changes = {}) => {
  const files = { ...FILES, '/etc/crypttab': `${line}\n`, ...changes };
  const layout = layoutOf({ files, uuid: ROOT_UUID, kind: 'xfs' }, { content: 'LUKS', uuid: LUKS });
  const { bootChain } = inspectGuestFiles(layout, BIOS);
  expect(bootChain.find(({ link }) => link === 'mounts')?.state).toBe(expected);
});
