/** Checks that systemd-firstboot does not wait at the console for a person who answers its questions. */
import type { LinkFindings } from './boot-chain.js';
import type { GuestTree } from './tree.js';

const UNIT = 'systemd-firstboot.service';
const FOLDERS = ['/etc/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const OFF = /^systemd\.firstboot=(0|no|off|false|n|f)$/i;

const LOCALES = '/usr/lib/locale';

/** It does not ask for the only locale. */
function hasLocales(tree: GuestTree): boolean {
  return tree.exists(`${LOCALES}/locale-archive`) || tree.list(LOCALES).length > 1;
}

export function checkFirstBoot(tree: GuestTree, args: readonly string[], findings: LinkFindings): void {
  const id = tree.text('/etc/machine-id');
  // An empty file is no first boot (machine-id(5)).
  if (id !== null && id.trim() !== 'uninitialized') return;
  const isWanted = FOLDERS.some((folder) => tree.link(`${folder}/sysinit.target.wants/${UNIT}`) !== null);
  const isMasked = tree.link(`/etc/systemd/system/${UNIT}`) === '/dev/null';
  if (!isWanted || isMasked || args.some((arg) => OFF.test(arg))) return;
  const unit = FOLDERS.map((folder) => tree.text(`${folder}/${UNIT}`)).find((text) => text !== null) ?? '';
  const asks = (option: string) => new RegExp(`^ExecStart=.*--prompt(-${option})?(\\s|$)`, 'm').test(unit);
  const has = (file: string) => tree.exists(file) || tree.link(file) !== null;
  const asked = [
    ...(asks('timezone') && !has('/etc/localtime') ? ['the time zone (/etc/localtime is missing)'] : []),
    ...(asks('locale') && !has('/etc/locale.conf') && hasLocales(tree)
      ? ['the locale (/etc/locale.conf is missing)']
      : []),
    ...(asks('root-password') && !(has('/etc/passwd') && has('/etc/shadow'))
      ? ['a password for root (/etc/passwd or /etc/shadow is missing)']
      : []),
  ];
  if (asked.length === 0) return;
  findings.unsure(
    'ECSIMPORT.Init',
    'Could not determine whether the first boot waits for a person: systemd-firstboot may ask questions at the console',
    `/etc/machine-id is ${id === null ? 'missing' : 'uninitialized'}; it asks for ${asked.join(' and ')}`,
    'Create these files in the guest, or make /etc/machine-id an empty file (truncate -s 0 /etc/machine-id).',
  );
}
