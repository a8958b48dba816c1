/** Parses the menus of GRUB Legacy and of SYSLINUX, EXTLINUX and ISOLINUX. */
import path from 'node:path';
import { lines } from '../tree.js';
import { type BootEntry, type BootPlace, evidenceOf, splitWords, withoutDevice } from './entry.js';

/** menu.lst and grub.conf: `title` entries with `kernel` and `initrd`; `default=N` is the index of an entry. */
export function legacyGrubEntries(place: BootPlace, file: string): BootEntry[] {
  const content = place.tree.text(file);
  if (content === null) return [];
  const entries: BootEntry[] = [];
  let title = '';
  let wanted = 0;
  let hasTimeout = false;
  for (const { number, text } of lines(content)) {
    const named = /^title\s+(.*)$/.exec(text);
    const byDefault = /^default[\s=]+(\d+)/.exec(text);
    const kernel = /^kernel\s+(?:--\S+\s+)*(\S+)\s*(.*)$/.exec(text);
    const initrd = /^(?:initrd|module)\s+(\S+)/.exec(text);
    if (/^timeout[\s=]+\d/.test(text)) hasTimeout = true;
    if (named !== null) title = named[1] ?? '';
    else if (byDefault !== null) wanted = Number(byDefault[1]);
    else if (kernel !== null) {
      entries.push({
        title,
        kernel: withoutDevice(kernel[1] ?? ''),
        initrds: [],
        args: splitWords(kernel[2] ?? ''),
        version: null,
        evidence: evidenceOf(place, file, number, text),
        tree: place.tree,
        files: 'guessed',
        doubt: null,
        unified: null,
      });
    } else if (initrd !== null) withInitrds(entries, [withoutDevice(initrd[1] ?? '')]);
  }
  return waitingUnless(hasTimeout, defaultFirst(entries, entries[wanted]));
}

/** `LABEL`, `LINUX` or `KERNEL`, `INITRD`, `APPEND`. Paths are relative to the file's folder. */
export function syslinuxEntries(place: BootPlace, file: string): BootEntry[] {
  const content = place.tree.text(file);
  if (content === null) return [];
  const folder = path.posix.dirname(file);
  const entries: BootEntry[] = [];
  let label = '';
  let wanted: string | null = null;
  /** A menu, or a prompt, which waits unless it has a timeout. */
  let asks = false;
  let hasTimeout = false;
  for (const { number, text } of lines(content)) {
    const [, key = '', value = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
    const word = key.toLowerCase();
    if (word === 'ui' || (word === 'prompt' && value !== '0') || (word === 'default' && /\.c32\b/i.test(value)))
      asks = true;
    if (word === 'label') label = value;
    else if (word === 'default') wanted = value;
    else if (word === 'timeout' || word === 'totaltimeout') hasTimeout ||= Number(value) > 0;
    else if (word === 'menu' && /^default$/i.test(value)) wanted = label;
    else if (word === 'linux' || (word === 'kernel' && !/\.(c32|0|bss|cbt)$/i.test(value))) {
      entries.push({
        title: label,
        kernel: path.posix.resolve(folder, value.split(/\s/)[0] ?? ''),
        initrds: [],
        args: [],
        version: null,
        evidence: evidenceOf(place, file, number, text),
        tree: place.tree,
        files: 'guessed',
        doubt: null,
        unified: null,
      });
    } else if (word === 'initrd') withInitrds(entries, files(value, folder));
    else if (word === 'append') {
      const args = splitWords(value);
      const last = entries.at(-1);
      const named = args.find((arg) => arg.startsWith('initrd='));
      if (last !== undefined) {
        entries[entries.length - 1] = { ...last, args, evidence: evidenceOf(place, file, number, text) };
      }
      if (named !== undefined) withInitrds(entries, files(named.slice(7), folder));
    }
  }
  const inOrder = defaultFirst(
    entries,
    entries.find(({ title }) => title === wanted),
  );
  return waitingUnless(hasTimeout || !asks, inOrder);
}

function waitingUnless(starts: boolean, [first, ...rest]: readonly BootEntry[]): BootEntry[] {
  return first === undefined ? [] : [starts ? first : { ...first, waits: 'no timeout' }, ...rest];
}

function files(list: string, folder: string): string[] {
  return list.split(',').map((name) => path.posix.resolve(folder, name.trim()));
}

function withInitrds(entries: BootEntry[], initrds: readonly string[]): void {
  const last = entries.at(-1);
  if (last !== undefined) entries[entries.length - 1] = { ...last, initrds };
}

function defaultFirst(entries: readonly BootEntry[], first: BootEntry | undefined): BootEntry[] {
  return first === undefined ? [...entries] : [first, ...entries.filter((entry) => entry !== first)];
}
