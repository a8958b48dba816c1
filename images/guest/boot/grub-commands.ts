/** What GRUB's commands do, as far as it matters for what boots. */
import { hasVariable } from './entry.js';
import type { GrubDevices, GrubFile } from './grub-devices.js';
import type { GrubState } from './grub-state.js';
import { type Truth, testCondition } from './grub-test.js';
import { unknownValue } from './grub-words.js';

export interface CommandApi {
  readonly state: GrubState;
  readonly devices: GrubDevices;
  resolve(path: string): GrubFile;
  doubt(reason: string): void;
  open(path: string): Truth;
  openMenu(path: string, keepsVariables: boolean): Truth;
  load(kernel: GrubFile | null, args: readonly string[]): void;
}

/** Commands that only change the screen, or print. Unlike for other unknown commands, what they do does not matter. */
export const HARMLESS =
  /^(insmod|loadfont|terminal_\w+|echo|serial|background_\w+|gfx\w*|play|videoinfo|save_env|password\w*)$/;

const linux = (api: CommandApi, [file = '', ...args]: readonly string[]): Truth => {
  const kernel = api.resolve(file);
  api.load(kernel, args);
  return kernel.kind === 'unknown' ? 'unknown' : kernel.kind === 'found';
};
const initrd = ({ state, resolve }: CommandApi, words: readonly string[]): Truth => {
  if (state.loaded === null) return false;
  const paths = words.map((word) => word.replace(/^newc:[^:]*:/, ''));
  state.loaded = { ...state.loaded, initrds: paths.map(resolve) };
  return 'unknown';
};
const otherLoader = (api: CommandApi): Truth => {
  api.load(null, []);
  return 'unknown';
};
const fwsetup = (api: CommandApi, [option]: readonly string[]): Truth =>
  option === '--is-supported' ? 'unknown' : otherLoader(api);
const test = ({ resolve }: CommandApi, words: readonly string[]): Truth => testCondition(words, resolve);
const menuFile = (api: CommandApi, [path]: readonly string[], keeps: boolean): Truth =>
  api.openMenu(path ?? `${api.state.variables.get('prefix') ?? ''}/grub.cfg`, keeps);
const sourceFile = (api: CommandApi, [path = '']: readonly string[]): Truth => api.open(path);

export const GRUB_COMMANDS: Readonly<Record<string, (api: CommandApi, words: readonly string[]) => Truth>> = {
  ...{ linux, linux16: linux, linuxefi: linux, initrd, initrd16: initrd, initrdefi: initrd },
  ...{ chainloader: otherLoader, multiboot: otherLoader, multiboot2: otherLoader, xen_hypervisor: otherLoader },
  ...{ fwsetup, ntldr: otherLoader, kfreebsd: otherLoader, drivemap: () => 'unknown' as const },
  '[': (api, words) => test(api, words.at(-1) === ']' ? words.slice(0, -1) : words),
  test,
  true: () => true,
  false: () => false,
  set: ({ state }, [word = '']) => {
    const found = /^([^=]+)=(.*)$/s.exec(word);
    if (found !== null) state.variables.set(found[1] ?? '', found[2] ?? '');
    return true;
  },
  unset: ({ state }, [name = '']) => {
    state.variables.unset(name);
    return true;
  },
  export: ({ state }, names) => {
    for (const name of names) state.exported.add(name);
    return true;
  },
  source: sourceFile,
  '.': sourceFile,
  configfile: (api, words) => menuFile(api, words, false),
  normal: (api, words) => menuFile(api, words, true),
  boot: ({ state }) => {
    if (state.loaded !== null) state.ended = 'boot';
    return false;
  },
  exit: ({ state }) => {
    state.ended = 'exit';
    return true;
  },
  halt: ({ state }) => {
    state.ended = 'exit';
    return true;
  },
  reboot: ({ state }) => {
    state.ended = 'exit';
    return true;
  },
  load_env: loadEnvironment,
  search,
  'search.fs_uuid': (api, words) => searchPlain(api, 'uuid', words),
  'search.fs_label': (api, words) => searchPlain(api, 'label', words),
  'search.file': (api, words) => searchPlain(api, 'file', words),
  probe,
  regexp: (api, words) => setsUnknown(api, words),
  // Nobody presses a key.
  keystatus: () => false,
  sleep: () => true,
  read: ({ state }, [name = '']) => {
    state.variables.set(name, unknownValue(name));
    return 'unknown';
  },
  blscfg: ({ state }) => {
    const { variables } = state;
    const named = ['boot', 'root'].flatMap((name) => variables.get(name) ?? []);
    const ofPrefix = /^\(([^)]*)\)/.exec(variables.get('prefix') ?? '')?.[1];
    state.menu = [...state.menu, { isBls: true, devices: [...named, ...(ofPrefix === undefined ? [] : [ofPrefix])] }];
    return true;
  },
};

const SIGNATURE = '# GRUB Environment Block\n';

function loadEnvironment({ state, resolve, doubt }: CommandApi, words: readonly string[]): Truth {
  let path = `${state.variables.get('prefix') ?? ''}/grubenv`;
  const wanted: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const named = /^--file=(.*)$/s.exec(word);
    if (named !== null) path = named[1] ?? '';
    else if (word === '-f' || word === '--file') {
      at += 1;
      path = words[at] ?? '';
    } else if (!word.startsWith('-')) wanted.push(word);
  }
  const file = resolve(path);
  if (file.kind !== 'found') {
    if (file.kind === 'unknown') doubt(`the environment block ${path}`);
    return file.kind === 'unknown' ? 'unknown' : false;
  }
  const content = file.tree.bytes(file.path, MAX_ENVIRONMENT)?.toString('latin1') ?? '';
  if (!content.startsWith(SIGNATURE)) return false;
  for (const line of content.split('\n', 1000)) {
    const found = /^([^#=\s][^=]*)=(.*)$/.exec(line);
    const name = found?.[1] ?? '';
    if (found !== null && (wanted.length === 0 || wanted.includes(name)))
      state.variables.set(name, (found[2] ?? '').replace(/\\(.)/g, '$1'));
  }
  return true;
}
const MAX_ENVIRONMENT = 64 * 1024;

type SearchBy = 'uuid' | 'label' | 'file';
const SEARCH_OPTIONS: Readonly<Record<string, SearchBy>> = {
  ...{ '--fs-uuid': 'uuid', '-u': 'uuid', '--label': 'label', '--fs-label': 'label', '-l': 'label' },
  ...{ '--file': 'file', '-f': 'file' },
};

function search(api: CommandApi, words: readonly string[]): Truth {
  let by: SearchBy = 'file';
  let variable: string | null = null;
  const names: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const set = /^--set(?:=(.*))?$/s.exec(word);
    if (set !== null) variable = set[1] ?? 'root';
    else if (word === '-s') {
      at += 1;
      variable = words[at] ?? 'root';
    } else if (/^(--hint(-\w+)?|-h)$/.test(word)) at += 1;
    else if (SEARCH_OPTIONS[word] !== undefined) by = SEARCH_OPTIONS[word];
    else if (!word.startsWith('-')) names.push(word);
  }
  return setFound(api, by, names[0] ?? '', variable);
}

function searchPlain(api: CommandApi, by: SearchBy, [name = '', variable = 'root']: readonly string[]): Truth {
  return setFound(api, by, name, variable);
}

function setFound({ state, devices }: CommandApi, by: SearchBy, name: string, variable: string | null): Truth {
  const found = hasVariable(name) ? 'unknown' : by === 'file' ? devices.searchFile(name) : devices.search(by, name);
  if (found === 'missing') return false;
  if (variable !== null) {
    state.variables.set(variable, found === 'unknown' ? unknownValue(variable) : found.device);
  }
  return found === 'unknown' ? 'unknown' : true;
}

/** `--set=VARIABLE`, `--set=1:VARIABLE`, `-s VARIABLE`. */
function setsUnknown({ state }: CommandApi, words: readonly string[]): Truth {
  words.forEach((word, index) => {
    const name = /^--set=(?:\d+:)?(\w+)$/.exec(word)?.[1] ?? (/^(-s|--set)$/.test(word) ? words[index + 1] : undefined);
    if (name !== undefined) state.variables.set(name.replace(/^\d+:/, ''), unknownValue(name));
  });
  return 'unknown';
}

const PROBED: Readonly<Record<string, 'uuid' | 'label' | 'kind'>> = {
  ...{ '-u': 'uuid', '--fs-uuid': 'uuid', '-l': 'label', '--label': 'label', '-f': 'kind', '--fs': 'kind' },
};
const FILE_SYSTEMS: Readonly<Record<string, string>> = {
  ...{ ext2: 'ext2', ext3: 'ext2', ext4: 'ext2', xfs: 'xfs', btrfs: 'btrfs', vfat: 'fat', ntfs: 'ntfs' },
};

function probe(api: CommandApi, words: readonly string[]): Truth {
  const what = words.flatMap((word) => PROBED[word] ?? [])[0];
  const set = words.findIndex((word) => /^(-s|--set)$/.test(word));
  const variable = words.flatMap((word) => /^--set=(\w+)$/.exec(word)?.[1] ?? [])[0] ?? words[set + 1];
  const device = words.filter((word, index) => !word.startsWith('-') && (set < 0 || index !== set + 1)).at(-1) ?? '';
  const file = api.devices.resolve(`(${device.replace(/^\((.*)\)$/, '$1')})/`, '');
  const fileSystem = file.kind === 'found' ? file.at.volume.fileSystem : null;
  if (what === undefined || fileSystem === null || variable === undefined || set === words.length - 1)
    return setsUnknown(api, words);
  const value = what === 'kind' ? (FILE_SYSTEMS[fileSystem.kind] ?? '') : (fileSystem[what] ?? '');
  api.state.variables.set(variable, value);
  return true;
}
