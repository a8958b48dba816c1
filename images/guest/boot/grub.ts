/** Parses the GRUB 2 configuration: the menu and its default entry. */
import path from 'node:path';
import { printable } from '../../bytes.js';
import { lines } from '../tree.js';
import { type BlsEntry, blsEntries } from './bls.js';
import { type BootEntry, type BootPlace, evidenceOf, splitWords, withoutDevice } from './entry.js';

interface Item {
  readonly title: string;
  readonly id: string;
  /** `--unrestricted`: everybody may start it, also where the menu has passwords. */
  readonly isOpen: boolean;
  /** Null: an entry without a kernel, e.g. the firmware setup. */
  entry: BootEntry | null;
  readonly children: Item[];
}

const MAX_ITEMS = 500;

/** The default entry first, then the others in the menu's order. Empty if the file has no entries. */
export function grubEntries(
  place: BootPlace,
  file: string,
  environment: ReadonlyMap<string, string>,
  blsFolder: string,
): BootEntry[] {
  const content = place.tree.text(file);
  if (content === null) return [];
  // GRUB's core image sets `prefix` to the folder of its files before it reads this file.
  const variables = new Map([['prefix', path.posix.dirname(file)], ...environment]);
  const menu = parseMenu(content, place, file, variables, blsFolder);
  const all = flat(menu);
  const chosen = chosenItem(menu, variables.get('default') || '0', environment);
  // Once `superusers` is set, GRUB asks for a password before it starts an entry, except for those that are unrestricted.
  const asksPassword = (variables.get('superusers') ?? '') !== '' && chosen?.isOpen === false;
  const waits = asksPassword ? 'password' : chosen === null ? null : menuWaits(chosen, variables, content);
  const first = chosen?.entry && waits !== null ? { ...chosen.entry, waits } : (chosen?.entry ?? null);
  return first === null ? all : [first, ...all.filter((entry) => entry !== chosen?.entry)];
}

/** Without `timeout`, or with a negative one, GRUB's menu waits for a key. Commands outside an entry run at once. */
function menuWaits(
  chosen: Item,
  variables: ReadonlyMap<string, string>,
  content: string,
): NonNullable<BootEntry['waits']> | null {
  const timeout = variables.get('timeout') ?? '';
  if (chosen.title === '' || (timeout !== '' && !timeout.startsWith('-'))) return null;
  return timeout === '' && OTHER_SETTINGS.test(content) ? 'maybe' : 'no timeout';
}

const OTHER_SETTINGS = /^\s*(source|\.|configfile|load_env)\s/m;

function flat(items: readonly Item[]): BootEntry[] {
  return items.flatMap(({ entry, children }) => [...(entry === null ? [] : [entry]), ...flat(children)]);
}

/** `wanted`: `0`, `1>2`, a title, an id or `submenu id>entry id`. Falls back to the first entry, as GRUB does. */
function chosenItem(menu: readonly Item[], wanted: string, environment: ReadonlyMap<string, string>): Item | null {
  const next = environment.get('next_entry') ?? '';
  let items = menu;
  let item: Item | undefined;
  for (const step of (next === '' ? wanted : next).split('>')) {
    const found = /^\d+$/.test(step)
      ? items[Number(step)]
      : items.find(({ title, id }) => id === step || title === step);
    if (found === undefined) break;
    item = found;
    items = found.children;
  }
  item ??= menu[0];
  // If the default is a submenu, GRUB starts its first entry.
  while (item !== undefined && item.entry === null && item.children.length > 0) item = item.children[0];
  return item ?? null;
}

function parseMenu(
  content: string,
  place: BootPlace,
  file: string,
  variables: Map<string, string>,
  blsFolder: string,
): Item[] {
  const top: Item = { title: '', id: '', isOpen: true, entry: null, children: [] };
  /** The item of each open brace. */
  const open: Item[] = [];
  let count = 0;
  /** Variables that commands set from what they find on the machine. */
  const dynamic = new Set<string>();
  const expand = (text: string) => expandVariables(text, variables, dynamic);
  for (const { number, text } of lines(content)) {
    const parent = open.at(-1) ?? top;
    const opened = /^(menuentry|submenu)\s+(?:'([^']*)'|"([^"]*)"|(\S+))(.*)$/.exec(text);
    if (opened !== null) {
      count += 1;
      const id = /(?:--id[= ]|\$\{?menuentry_id_option\}?\s+)(?:'([^']*)'|"([^"]*)"|(\S+))/.exec(opened[5] ?? '');
      const title = opened[2] ?? opened[3] ?? opened[4] ?? '';
      const isOpen = /(^|\s)--unrestricted(\s|$)/.test(opened[5] ?? '');
      const item: Item = { title, id: id?.[1] ?? id?.[2] ?? id?.[3] ?? '', isOpen, entry: null, children: [] };
      if (count <= MAX_ITEMS) parent.children.push(item);
      open.push(item);
      continue;
    }
    if (/^(function\s|hiddenentry\s)|^\{$/.test(text) && text.endsWith('{')) {
      open.push({ title: '', id: '', isOpen: true, entry: null, children: [] });
      continue;
    }
    if (text === '}') {
      open.pop();
      continue;
    }
    const set = /^set\s+(\w+)=(.*)$/.exec(text);
    if (set !== null) {
      // `next_entry` comes from the environment block; it is not this file's default.
      const value = (set[2] ?? '').replace(/^["']|["']$/g, '');
      if (set[1] !== 'default' || !/next_entry/.test(value)) variables.set(set[1] ?? '', expand(value));
      continue;
    }
    const found =
      /^(?:probe|search|regexp|read|for)\b.*?(?:--set[= ](?:\d+:)?|-s\s+(?:\d+:)?|^read\s+|^for\s+)(\w+)/.exec(text);
    if (found !== null) {
      variables.delete(found[1] ?? '');
      dynamic.add(found[1] ?? '');
      continue;
    }
    if (/^blscfg\b/.test(text)) {
      parent.children.push(...blsEntries(place, blsFolder, variables).map(blsItem));
      continue;
    }
    readCommand(text, parent === top ? anonymous(top) : parent, expand, (kernel, args) => ({
      title: parent.title,
      kernel,
      initrds: [],
      args: splitWords(expand(args)),
      version: null,
      evidence: evidenceOf(place, file, number, text),
      tree: place.tree,
      unified: null,
    }));
  }
  return top.children.filter(({ title, entry, children }) => title !== '' || entry !== null || children.length > 0);
}

function blsItem(entry: BlsEntry): Item {
  return { title: entry.title, id: entry.id, isOpen: entry.isOpen, entry, children: [] };
}

/** The item for commands outside a menu entry, which GRUB executes too. */
function anonymous(top: Item): Item {
  const last = top.children.at(-1);
  if (last !== undefined && last.title === '' && last.id === '') return last;
  const item: Item = { title: '', id: '', isOpen: true, entry: null, children: [] };
  top.children.push(item);
  return item;
}

function readCommand(
  text: string,
  item: Item,
  expand: (text: string) => string,
  createEntry: (kernel: string, args: string) => BootEntry,
): void {
  const linux = /^linux(?:16|efi)?\s+(\S+)\s*(.*)$/.exec(text);
  if (linux !== null) {
    // An entry with two `linux` commands uses the same kernel in both.
    item.entry ??= createEntry(printable(withoutDevice(expand(linux[1] ?? ''))), linux[2] ?? '');
    return;
  }
  const initrd = /^initrd(?:16|efi)?\s+(.+)$/.exec(text);
  if (initrd === null || item.entry === null || item.entry.initrds.length > 0) return;
  item.entry = { ...item.entry, initrds: splitWords(expand(initrd[1] ?? '')).map(withoutDevice) };
}

/**
 * Unset variables are empty, as in GRUB. A variable that this reading cannot know remains as `$name`: one that a command
 * sets, and an unset one within a longer word, which a file that is not read may set.
 */
function expandVariables(text: string, variables: ReadonlyMap<string, string>, dynamic: ReadonlySet<string>): string {
  return text.replace(/(^|[^\s])?\$\{?([A-Za-z_]\w*)\}?(?=(\S)?)/g, (_, before: string | undefined, name, after) => {
    const kept = before ?? '';
    const known = variables.get(name);
    if (known !== undefined) return `${kept}${known}`;
    // `($root)/vmlinuz`: a device, which the paths do not have.
    const within = kept !== '' || after !== undefined;
    return `${kept}${dynamic.has(name) || within ? `$${name}` : ''}`;
  });
}

/** GRUB's environment block: `saved_entry`, `next_entry`, `kernelopts`. */
export function grubEnvironment(content: string | null): Map<string, string> {
  const values = (content ?? '').split('\n', 1000).flatMap((line): [string, string][] => {
    const found = /^(\w+)=(.*)$/.exec(line);
    return found === null ? [] : [[found[1] ?? '', found[2] ?? '']];
  });
  return new Map(values);
}
