/** Checks that no encrypted volume beside the root waits at boot for a passphrase (crypttab(5)). */
import { printable } from '../bytes.js';
import type { DiskLayout } from '../disk/volumes.js';
import type { LinkFindings } from './boot-chain.js';
import type { MountPolicy } from './mount-policy.js';
import { type Root, volumeFor } from './mounts.js';
import { lines } from './tree.js';

const FILE = '/etc/crypttab';
/** These are not waited for, or have a random key. A TPM or token of the source machine is not there: systemd then asks. */
const NOT_ASKED = /^(noauto|nofail|swap|tmp(=.*)?|headless(=(yes|true|1))?|timeout=.*)$/;

export function checkCrypttab({ tree }: Root, layout: DiskLayout, policy: MountPolicy, findings: LinkFindings): void {
  // BusyBox does not read this file.
  if (policy.kind === 'continues') return;
  for (const { number, text } of lines(tree.text(FILE) ?? '')) {
    const [name = '', device = '', key = 'none', options = ''] = text.split(/\s+/);
    if (options.split(',').some((option) => NOT_ASKED.test(option))) continue;
    // A volume that is not there is not waited for longer than a device of fstab, which has findings of its own.
    if (volumeFor(device, layout)?.content !== 'LUKS') continue;
    const files = /^(none|-)$/.test(key)
      ? [`/etc/cryptsetup-keys.d/${name}.key`, `/run/cryptsetup-keys.d/${name}.key`]
      : [key.split(':')[0] ?? ''];
    if (files.some((file) => /^\/dev\//.test(file) || tree.exists(file))) continue;
    findings.unsure(
      'ECSIMPORT.Encrypted',
      'Could not determine whether the boot waits for the passphrase of an encrypted volume',
      `${FILE}:${number}: ${printable(text)}`,
      'Add the option nofail or noauto to the line in the guest, or the path of a key file.',
    );
  }
}
