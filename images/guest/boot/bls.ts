/** Reads entry files of the Boot Loader Specification (BLS), which systemd-boot and the RHEL family's GRUB use. */
import { lines } from '../tree.js';
import { compareVersions } from '../version.js';
import { type BootEntry, type BootPlace, evidenceOf, splitWords, withoutDevice } from './entry.js';
import { readUnified } from './uki.js';

const MAX_FILES = 200;

export interface BlsEntry extends BootEntry {
  /** The file name without `.conf`, as in `saved_entry` and `default`. */
  readonly id: string;
  readonly isOpen: boolean;
}

/** The tries that remain in a name such as `x+2-1.conf` (Automatic Boot Assessment); null: the entry is not counted. */
export function triesLeft(name: string): number | null {
  const found = /\+(\d{1,9})(?:-\d{1,9})?\.(?:conf|efi)$/i.exec(name);
  return found === null ? null : Number(found[1]);
}

function compareEntries(left: string, right: string): number {
  // An entry without tries left comes after all others.
  return Number(triesLeft(left) === 0) - Number(triesLeft(right) === 0) || compareVersions(right, left);
}

/** Newest first, as in both loaders' menus. `variables`: GRUB's, e.g. `$kernelopts`. */
export function blsEntries(place: BootPlace, folder: string, variables: ReadonlyMap<string, string>): BlsEntry[] {
  return place.tree
    .list(folder)
    .filter((name) => name.endsWith('.conf'))
    .slice(0, MAX_FILES)
    .sort(compareEntries)
    .flatMap((name): BlsEntry[] =>
      blsEntry(place, `${folder}/${name}`, name.replace(/(\+\d+(-\d+)?)?\.conf$/, ''), variables),
    );
}

function blsEntry(place: BootPlace, file: string, id: string, variables: ReadonlyMap<string, string>): BlsEntry[] {
  const content = lines(place.tree.text(file) ?? '').map(({ number, text }) => {
    const [key = '', ...rest] = text.split(/\s+/);
    return { number, text, key, value: rest.join(' ') };
  });
  const all = (key: string) => content.filter((line) => line.key === key);
  const [kernel] = [...all('linux'), ...all('uki'), ...all('efi')];
  if (kernel === undefined) return [];
  const options = all('options');
  const args = splitWords(
    options.map(({ value }) => value.replace(/\$\{?(\w+)\}?/g, (_, name) => variables.get(name) ?? '')).join(' '),
  );
  const shown = options[0] ?? kernel;
  const unified = kernel.key === 'linux' ? null : readUnified(place.tree, withoutDevice(kernel.value));
  if (kernel.key !== 'linux' && unified === null) return [];
  return [
    {
      id,
      isOpen: all('grub_arg').some(({ value }) => value.includes('--unrestricted')) || all('grub_users').length === 0,
      title: all('title')[0]?.value ?? id,
      kernel: withoutDevice(kernel.value),
      initrds: all('initrd').flatMap(({ value }) =>
        splitWords(value)
          .filter((word) => !word.startsWith('$'))
          .map(withoutDevice),
      ),
      args: args.length > 0 || unified === null ? args : unified.args,
      version: all('version')[0]?.value ?? unified?.version ?? null,
      evidence: evidenceOf(place, file, shown.number, shown.text),
      tree: place.tree,
      files: 'guessed',
      doubt: null,
      unified: unified === null ? null : { kernel: unified.kernel, initramfs: unified.initramfs },
    },
  ];
}
