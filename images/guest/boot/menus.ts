/** Parses the menus of GRUB Legacy and of SYSLINUX, EXTLINUX and ISOLINUX. */
import path from 'node:path';
import { lines } from '../tree.js';
import {
  type BootEntry,
  type BootMenu,
  type BootPlace,
  evidenceOf,
  filePath,
  splitWords,
  withoutDevice,
} from './entry.js';

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

/** What SYSLINUX starts: `LABEL`, `LINUX` or `KERNEL`, `INITRD`, `APPEND`. Paths are relative to the file's folder. */
export function syslinuxMenu(place: BootPlace, file: string): BootMenu | null {
  const content = place.tree.text(file);
  if (content === null) return null;
  const settings = readSyslinux(place, file, content);
  const { entries, wanted, atTimeout, hasTimeout, asks, hasMenu, other } = settings;
  // The timeout of a menu starts another label than the one that an empty line starts.
  const label = (asks && hasTimeout ? (atTimeout ?? wanted) : wanted)?.split(/\s/)[0] ?? null;
  const evidence = evidenceOf(place, file, 1, content.split('\n', 1)[0] ?? '');
  const nothing = (message: string, isSure: boolean): BootMenu => ({
    entry: null,
    problem: { isSure, message, evidence },
  });
  if (other !== null) return nothing('Could not determine what SYSLINUX starts: its menu is in another file', false);
  if (label === null && !hasMenu)
    return nothing('SYSLINUX has no default entry: the machine stops at its prompt', true);
  const found = label === null ? entries[0] : entries.find(({ title }) => title.toLowerCase() === label.toLowerCase());
  if (found === undefined) {
    const isFile = label !== null && filePath({ tree: place.tree, files: 'guessed' }, label) !== null;
    return nothing('SYSLINUX’s default entry does not exist: the machine stops at its prompt', !isFile);
  }
  if (found.kernel === '') return nothing('Could not determine what SYSLINUX starts: it is no Linux kernel', false);
  const entry: BootEntry = { ...found, readBy: 'SYSLINUX' };
  return { entry: hasTimeout || !asks ? entry : { ...entry, waits: 'no timeout' }, problem: null };
}

interface SyslinuxSettings {
  readonly entries: BootEntry[];
  wanted: string | null;
  atTimeout: string | null;
  hasTimeout: boolean;
  /** A menu, or a prompt, which waits unless it has a timeout. */
  asks: boolean;
  /** A menu program starts its first entry where no default is set. */
  hasMenu: boolean;
  /** A file that this reading does not follow. */
  other: string | null;
}

function readSyslinux(place: BootPlace, file: string, content: string): SyslinuxSettings {
  const folder = path.posix.dirname(file);
  const entries: BootEntry[] = [];
  const found: SyslinuxSettings = {
    ...{ entries, wanted: null, atTimeout: null, hasTimeout: false, asks: false, hasMenu: false, other: null },
  };
  let label = '';
  for (const { number, text } of lines(content)) {
    const [, key = '', value = ''] = /^(\S+)\s*(.*)$/.exec(text) ?? [];
    const word = key.toLowerCase();
    const isProgram = /\.c32\b/i.test(value);
    if (word === 'ui' || (word === 'default' && isProgram)) found.hasMenu = true;
    if (word === 'ui' || (word === 'prompt' && value !== '0') || (word === 'default' && isProgram)) found.asks = true;
    if (word === 'label') {
      label = value;
      entries.push({
        ...{ title: label, kernel: '', initrds: [], args: [], version: null, tree: place.tree, files: 'guessed' },
        ...{ doubt: null, unified: null, evidence: evidenceOf(place, file, number, text) },
      });
    } else if (word === 'default' && !isProgram) found.wanted = value;
    else if (word === 'ontimeout') found.atTimeout = value;
    else if (word === 'include' || word === 'config') found.other ??= value;
    else if (word === 'timeout' || word === 'totaltimeout') found.hasTimeout ||= Number(value) > 0;
    else if (word === 'menu' && /^default$/i.test(value)) found.wanted = label;
    else if (word === 'linux' || (word === 'kernel' && !/\.(c32|0|bss|cbt)$/i.test(value))) {
      const kernel = path.posix.resolve(folder, value.split(/\s/)[0] ?? '');
      change(entries, (last) => ({ ...last, kernel, evidence: evidenceOf(place, file, number, text) }));
    } else if (word === 'initrd') withInitrds(entries, files(value, folder));
    else if (word === 'append') {
      const args = splitWords(value);
      const named = args.find((arg) => arg.startsWith('initrd='));
      change(entries, (last) => ({ ...last, args, evidence: evidenceOf(place, file, number, text) }));
      if (named !== undefined) withInitrds(entries, files(named.slice(7), folder));
    }
  }
  return found;
}

function change(entries: BootEntry[], to: (last: BootEntry) => BootEntry): void {
  const last = entries.at(-1);
  if (last !== undefined) entries[entries.length - 1] = to(last);
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
