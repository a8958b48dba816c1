/** What GRUB knows while it runs a configuration. */
import type { GrubFile, GrubVolume } from './grub-devices.js';
import type { Command, Statement } from './grub-script.js';
import { type Arguments, type Variables, variablesOf } from './grub-words.js';

/** Where commands are from. */
export interface GrubSource {
  readonly at: GrubVolume;
  readonly path: string;
}

export interface Loaded {
  /** Null: no Linux kernel, e.g. another boot loader. */
  readonly kernel: GrubFile | null;
  readonly args: readonly string[];
  readonly initrds: readonly GrubFile[];
  readonly source: GrubSource;
  readonly command: Command;
}

export interface MenuItem {
  readonly title: string;
  readonly id: string;
  /** `--unrestricted`: everybody may start it, also where the menu has passwords. */
  readonly isOpen: boolean;
  readonly isSubmenu: boolean;
  readonly source: GrubSource;
  readonly command: Command;
  readonly given: Arguments;
}

export interface GrubState {
  readonly variables: Variables;
  readonly exported: Set<string>;
  readonly functions: Map<string, { readonly body: readonly Statement[]; readonly source: GrubSource }>;
  menu: readonly (MenuItem | BlsMenu)[];
  /** How many of its first items the menu has in any case; null: all. */
  certain: number | null;
  loaded: Loaded | null;
  /** `boot` ran, or another menu was opened: nothing after it runs. */
  ended: 'boot' | 'exit' | GrubState | null;
  /** Why this reading cannot know what GRUB does; null: it can. */
  doubt: string | null;
}

/** `blscfg` adds the entry files of the Boot Loader Specification at this place of the menu. */
export interface BlsMenu {
  readonly isBls: true;
  readonly devices: readonly string[];
}

export function newGrubState(variables: Iterable<readonly [string, string]>): GrubState {
  const all = [...variables];
  return {
    variables: variablesOf(all),
    exported: new Set(all.map(([name]) => name)),
    functions: new Map(),
    ...{ menu: [], certain: null, loaded: null, ended: null, doubt: null },
  };
}

/** The menu that GRUB shows in the end. */
export function last(state: GrubState): GrubState {
  return state.ended === null || typeof state.ended === 'string' ? state : last(state.ended);
}

export function copyOf(state: GrubState): GrubState {
  return {
    ...state,
    variables: state.variables.copy(),
    exported: new Set(state.exported),
    functions: new Map(state.functions),
  };
}

export function mergeInto(state: GrubState, other: GrubState, reason: string): void {
  state.variables.merge(other.variables);
  for (const name of other.exported) state.exported.add(name);
  for (const [name, body] of other.functions) if (!state.functions.has(name)) state.functions.set(name, body);
  const isLoadedSame = state.ended === other.ended && state.loaded?.command === other.loaded?.command;
  const common = Math.min(state.menu.length, other.menu.length);
  const startsSame = state.menu.slice(0, common).every((item, index) => item === other.menu[index]);
  const isSame = isLoadedSame && startsSame && state.menu.length === other.menu.length;
  // Entries that one of them adds at the end do not change what the others are.
  const isOnlyLonger = isLoadedSame && startsSame && common > 0;
  state.doubt ??= other.doubt ?? (isSame || isOnlyLonger ? null : reason);
  if (isSame) return;
  state.certain = Math.min(state.certain ?? common, other.certain ?? common, common);
  const added = other.menu.filter((item) => !state.menu.includes(item));
  state.menu = [...state.menu, ...added];
  state.loaded ??= other.loaded;
  state.ended ??= other.ended;
}
