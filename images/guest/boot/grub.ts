/** The entry that GRUB 2 starts by itself. */
import { printable } from '../../bytes.js';
import { unlessUnreadable } from '../../findings.js';
import type { BootModes } from '../boot-mode.js';
import { type BlsEntry, blsEntries } from './bls.js';
import { type BootEntry, type BootMenu, type BootPlace, evidenceOf, filePath, hasVariable } from './entry.js';
import type { GrubDevices, GrubFile, GrubVolume } from './grub-devices.js';
import type { GrubRun } from './grub-run.js';
import { runGrub } from './grub-start.js';
import { type BlsMenu, type GrubSource, type GrubState, type Loaded, last, type MenuItem } from './grub-state.js';
import { kernelState } from './kernel-image.js';
import type { Loader } from './loader.js';

export interface GrubContext {
  readonly places: readonly BootPlace[];
  readonly devices: GrubDevices;
  readonly modes: BootModes;
  readonly loader: Loader;
  readonly uefi: boolean;
}

/** Null: no file with a menu of GRUB 2 where GRUB may look for it. */
export function grubMenu(context: GrubContext): BootMenu | null {
  const { devices, modes, loader, uefi } = context;
  const menus = runGrub(devices, modes, loader, uefi).map((run) => menuOf(run, context));
  return menus.find(({ entry }) => entry !== null) ?? menus[0] ?? null;
}

/** An entry of a menu, with the variables that its commands have. */
type Item = MenuItem | BlsEntry;
const isBlsMenu = (item: MenuItem | BlsMenu): item is BlsMenu => 'isBls' in item;
const isBlsEntry = (item: Item): item is BlsEntry => 'kernel' in item;

function menuOf(run: GrubRun, context: GrubContext): BootMenu {
  const state = last(run.state);
  const doubt = run.state.doubt ?? state.doubt;
  if (state.ended === 'boot' && state.loaded !== null) return entryOf(state.loaded, { title: '', doubt }, context);
  const items = itemsOf(state, context);
  const evidence = context.loader.evidence;
  if (items.length === 0) {
    const isSure = doubt === null && state.ended !== 'exit';
    const message = 'GRUB has no menu to start from: the machine stops at its prompt';
    return { entry: null, problem: { isSure, message, evidence: doubt ?? evidence } };
  }
  const found = [state.variables.get('default') ?? '', ...(state.variables.get('fallback') ?? '').split(/\s+/)]
    .filter((wanted, index) => index === 0 || wanted !== '')
    .map((wanted) => chosen(run, state, items, { wanted, doubt, waits: waitOf(state) }, context));
  // GRUB starts an entry of `fallback` if the one before it does not start.
  return found.find(({ entry }) => entry !== null && !isBroken(entry)) ?? found[0] ?? { entry: null, problem: null };
}

interface Choice {
  readonly wanted: string;
  readonly doubt: string | null;
  readonly waits: BootEntry['waits'];
}

/** `wanted`: `0`, `1>2`, a title, an id or `submenu id>entry id`. Falls back to the first entry, as GRUB does. */
function chosen(
  run: GrubRun,
  state: GrubState,
  items: readonly Item[],
  choice: Choice,
  context: GrubContext,
): BootMenu {
  const { name, rest } = firstStep(choice.wanted);
  const item = find(items, name) ?? items[0];
  if (item === undefined) return { entry: null, problem: null };
  const certain = itemsOf({ ...state, menu: state.menu.slice(0, state.certain ?? state.menu.length) }, context).length;
  const isUncertain = hasVariable(choice.wanted) || items.indexOf(item) >= certain;
  const doubt = choice.doubt ?? (isUncertain ? `the default ${choice.wanted}` : null);
  // Once `superusers` is set, GRUB asks for a password before it starts an entry, except for those that are unrestricted.
  const asksPassword = (state.variables.get('superusers') ?? '') !== '' && !item.isOpen;
  const waits = asksPassword ? 'password' : choice.waits;
  if (isBlsEntry(item)) return { entry: { ...item, doubt, ...(waits === undefined ? {} : { waits }) }, problem: null };
  const after = afterItem(run, item, state);
  if (item.isSubmenu) {
    const inner = itemsOf(after, context);
    return chosen(run, after, inner, { wanted: rest, doubt: doubt ?? after.doubt, waits }, context);
  }
  const shown = last(after);
  if (shown !== after && shown.ended !== 'boot') {
    const inner = {
      wanted: shown.variables.get('default') ?? '',
      doubt: doubt ?? shown.doubt,
      waits: waits ?? waitOf(shown),
    };
    return chosen(run, shown, itemsOf(shown, context), inner, context);
  }
  if (shown.loaded === null) {
    const message = 'The boot loader’s default entry starts no kernel: the machine stops at its menu';
    const isSure = doubt === null && shown.doubt === null && shown.ended !== 'exit';
    return { entry: null, problem: { isSure, message, evidence: evidenceAt(item.source, item.command, context) } };
  }
  return entryOf(shown.loaded, { title: item.title, doubt: doubt ?? shown.doubt, waits }, context);
}

/** Ubuntu boots once without an initramfs; if that fails, the next boot has this variable, and loads it. */
const WITHOUT_INITRAMFS = 'initrdfail';

function afterItem(run: GrubRun, item: MenuItem, menu: GrubState): GrubState {
  const after = run.item(item, menu);
  const triesFirst = item.command.block?.some(
    (one) =>
      one.kind === 'command' && one.words[0]?.some((part) => part.kind === 'text' && part.text === WITHOUT_INITRAMFS),
  );
  return triesFirst === true && after.loaded?.initrds.length === 0
    ? run.item(item, menu, { [WITHOUT_INITRAMFS]: '1' })
    : after;
}

function firstStep(wanted: string): { name: string; rest: string } {
  const end = /(?<!>)>(?!>)/.exec(wanted)?.index ?? wanted.length;
  return { name: wanted.slice(0, end).replaceAll('>>', '>'), rest: wanted.slice(end + 1) };
}

function find(items: readonly Item[], name: string): Item | undefined {
  const found = items.find(({ title, id }) => title === name || id === name);
  if (/^\d+$/.test(name)) return items[Number(name)];
  return found ?? (/^\d/.test(name) ? items[Number.parseInt(name, 10)] : undefined);
}

function itemsOf(state: GrubState, context: GrubContext): Item[] {
  return state.menu.flatMap((item): Item[] => (isBlsMenu(item) ? blsItems(item, state, context) : [item]));
}

function blsItems({ devices: names }: BlsMenu, { variables }: GrubState, context: GrubContext): BlsEntry[] {
  const { devices, places } = context;
  const folders = [...(variables.get('blsdir') === undefined ? [] : [variables.get('blsdir') ?? '']), ...BLS_FOLDERS];
  for (const name of names) {
    for (const folder of folders) {
      const file = devices.resolve(`(${name})${folder}`, '');
      if (file.kind !== 'found' || file.tree.list(file.path).length === 0) continue;
      const place = { ...placeOf(file.at, places), tree: file.tree };
      return blsEntries(place, file.path.replace(/\/+$/, ''), variables.all).map((entry) => ({
        ...entry,
        files: 'exact',
      }));
    }
  }
  for (const place of places) {
    const folder = ['/boot', '', '/boot/efi', '/efi'].map((base) => `${base}/loader/entries`);
    const found = folder.find((path) => place.tree.list(path).length > 0);
    if (found !== undefined) return blsEntries(place, found, variables.all);
  }
  return [];
}
const BLS_FOLDERS = ['/loader/entries', '/boot/loader/entries'];

/** Without `timeout`, or with a negative one, GRUB's menu waits for a key. */
function waitOf({ variables }: GrubState): BootEntry['waits'] {
  const timeout = variables.get('timeout') ?? '';
  if (hasVariable(timeout)) return 'maybe';
  return /^\s*\d/.test(timeout) ? undefined : 'no timeout';
}

interface EntryParts {
  readonly title: string;
  readonly doubt: string | null;
  readonly waits?: BootEntry['waits'];
}

function entryOf(loaded: Loaded, { title, doubt, waits }: EntryParts, context: GrubContext): BootMenu {
  const { kernel, initrds, args, command, source } = loaded;
  const evidence = evidenceAt(source, command, context);
  if (kernel === null) {
    const message = 'Could not determine what starts: the boot loader starts another program';
    return { entry: null, problem: { isSure: false, message, evidence } };
  }
  const [place] = context.places;
  const tree = kernel.kind === 'found' ? kernel.tree : kernel.kind === 'missing' ? kernel.at?.trees[0] : place?.tree;
  const anyTree = tree ?? place?.tree ?? source.at.trees[0];
  if (anyTree === undefined)
    return { entry: null, problem: { isSure: false, message: 'Could not read the boot loader’s files', evidence } };
  const isElsewhere = (file: GrubFile) =>
    file.kind === 'unknown' ? !hasVariable(file.path) : file.kind === 'found' && file.tree !== tree;
  const elsewhere = [kernel, ...initrds].find(isElsewhere);
  return {
    problem: null,
    entry: {
      title,
      kernel: printable(kernel.path),
      initrds: initrds.map(({ path }) => path),
      args,
      version: null,
      evidence,
      tree: anyTree,
      files:
        kernel.kind === 'unknown' ? 'guessed' : kernel.kind === 'missing' && kernel.at === null ? 'nowhere' : 'exact',
      doubt:
        doubt ?? (elsewhere === undefined ? null : `the file ${elsewhere.path}, whose file system could not be read`),
      unified: null,
      ...(waits === undefined ? {} : { waits }),
    },
  };
}

function evidenceAt({ at, path }: GrubSource, { line, text }: MenuItem['command'], { places }: GrubContext): string {
  const { name, prefix } = placeOf(at, places);
  return evidenceOf({ name }, `${prefix}${path}`, line, text);
}

/** For evidence: the guest's own path where the guest mounts the volume. */
function placeOf({ volume }: GrubVolume, [place]: readonly BootPlace[]): { name: string; prefix: string } {
  const uuid = volume.fileSystem?.uuid ?? null;
  const mount = uuid === null ? undefined : place?.tree.mounts.find(({ fileSystem }) => fileSystem.uuid === uuid);
  return mount === undefined
    ? { name: volume.name, prefix: '' }
    : { name: '', prefix: mount.at === '/' ? '' : mount.at };
}

/** GRUB does not start such a kernel, and continues with the next entry of `fallback`. */
function isBroken(entry: BootEntry): boolean {
  return unlessUnreadable(
    () => {
      const file = filePath(entry, entry.kernel);
      return file === null ? !hasVariable(entry.kernel) : kernelState(entry.tree, file, null, true).kind === 'damaged';
    },
    () => false,
  );
}
