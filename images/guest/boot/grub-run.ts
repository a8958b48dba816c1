/**
 * Runs a configuration of GRUB as GRUB does, on the files of this disk. What only the running machine knows stays unknown:
 * both branches of such a condition run, and a difference between them is a doubt.
 */
import { UnreadableError } from '../../bytes.js';
import { hasVariable } from './entry.js';
import { type CommandApi, GRUB_COMMANDS, HARMLESS } from './grub-commands.js';
import type { GrubDevices, GrubFile } from './grub-devices.js';
import { type Command, parseGrubScript, type Statement } from './grub-script.js';
import { copyOf, type GrubSource, type GrubState, type MenuItem, mergeInto, newGrubState } from './grub-state.js';
import { not, type Truth } from './grub-test.js';
import { type Arguments, unknownValue, wordsFor } from './grub-words.js';

export interface GrubRun {
  readonly state: GrubState;
  /** Reads and runs a file. False: it does not exist. */
  file(path: string): Truth;
  commands(text: string, source: GrubSource): void;
  /** Runs the commands of an entry of this menu. A submenu gets the variables that are exported. */
  item(item: MenuItem, menu: GrubState, variables?: Readonly<Record<string, string>>): GrubState;
}

const MAX_COMMANDS = 50_000;
const MAX_ITEMS = 500;
const MAX_DEPTH = 20;

export function createGrubRun(devices: GrubDevices, first: GrubState): GrubRun {
  let budget = MAX_COMMANDS;
  let depth = 0;

  const runIn = (state: GrubState, source: GrubSource): ReturnType<typeof runner> => runner(state, source);
  const runner = (state: GrubState, source: GrubSource, given: Arguments = []) => {
    const resolve = (path: string): GrubFile => devices.resolve(path, state.variables.get('root') ?? '');
    const doubt = (reason: string): void => {
      state.doubt ??= reason;
    };

    const run = (statements: readonly Statement[]): Truth => {
      let result: Truth = true;
      for (const statement of statements) {
        if (state.ended !== null) return result;
        budget -= 1;
        if (budget < 0) throw new UnreadableError('the boot loader’s configuration runs too many commands');
        result = one(statement);
      }
      return result;
    };

    const one = (statement: Statement): Truth => {
      if (statement.kind === 'command') return command(statement);
      if (statement.kind === 'function') {
        state.functions.set(statement.name, { body: statement.body, source });
        return true;
      }
      if (statement.kind === 'if') return choose(statement.branches, statement.otherwise);
      if (statement.kind === 'for') return loop(statement);
      doubt('a loop of the menu');
      return 'unknown';
    };

    const choose = (
      [branch, ...others]: readonly { condition: readonly Statement[]; body: readonly Statement[] }[],
      otherwise: readonly Statement[],
    ): Truth => {
      if (branch === undefined) return run(otherwise);
      const condition = run(branch.condition);
      if (condition === true) return run(branch.body);
      if (condition === false) return choose(others, otherwise);
      const [conditionFirst] = branch.condition;
      const reason = conditionFirst?.kind === 'command' ? conditionFirst.text : 'a condition';
      either(reason, [(one) => one.run(branch.body), (one) => one.choose(others, otherwise)]);
      return 'unknown';
    };

    /** Runs both on copies, then keeps what they agree on. */
    const either = (reason: string, [left, right]: readonly [Part, Part]): void => {
      const other = copyOf(state);
      left(api);
      right(runner(other, source, given));
      mergeInto(state, other, reason);
    };

    const loop = ({ name, words, body }: Extract<Statement, { kind: 'for' }>): Truth => {
      const values = wordsFor(words, state.variables, given);
      if (values.some((value) => hasVariable(value) || /[*?]/.test(value))) {
        const once = (one: typeof api): void => {
          one.set(name, unknownValue(name));
          one.run(body);
        };
        either(`a loop over ${name}`, [once, () => undefined]);
        return 'unknown';
      }
      let result: Truth = true;
      for (const value of values) {
        state.variables.set(name, value);
        result = run(body);
      }
      return result;
    };

    const command = (statement: Command): Truth => {
      const all = wordsFor(statement.words, state.variables, given);
      const isInverted = all[0] === '!';
      const [name = '', ...words] = isInverted ? all.slice(1) : all;
      const result = named(name, words, statement);
      return isInverted ? not(result) : result;
    };

    const named = (name: string, words: readonly string[], statement: Command): Truth => {
      if (statement.block !== null && /^(menuentry|submenu|hiddenentry)$/.test(name))
        return addItem(name, words, statement);
      const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(name);
      if (assignment !== null) {
        state.variables.set(assignment[1] ?? '', assignment[2] ?? '');
        return true;
      }
      const defined = state.functions.get(name);
      const known = GRUB_COMMANDS[name];
      // GRUB prefers its commands.
      if (known !== undefined) return known(commandApi(statement), words);
      if (defined !== undefined) return call(defined, words);
      return HARMLESS.test(name) ? 'unknown' : other(name);
    };

    const other = (name: string): Truth => {
      if (hasVariable(name)) doubt(`the command ${name}`);
      return 'unknown';
    };

    const call = (
      { body, source: from }: { readonly body: readonly Statement[]; readonly source: GrubSource },
      words: readonly string[],
    ): Truth => {
      depth += 1;
      if (depth > MAX_DEPTH) throw new UnreadableError('the boot loader’s functions call each other too deeply');
      const result = runner(state, from, words).run(body);
      depth -= 1;
      return result;
    };

    const addItem = (name: string, words: readonly string[], statement: Command): Truth => {
      const given: string[] = [];
      let id = '';
      let isOpen = false;
      for (let at = 0; at < words.length; at += 1) {
        const word = words[at] ?? '';
        const valued = /^--(id|class|users|hotkey|source)(?:=(.*))?$/s.exec(word);
        if (word === '--unrestricted') isOpen = true;
        else if (valued !== null) {
          const value = valued[2] ?? words[at + 1] ?? '';
          if (valued[2] === undefined) at += 1;
          if (valued[1] === 'id') id = value;
        } else given.push(word);
      }
      const [title = ''] = given;
      if (state.menu.length >= MAX_ITEMS) throw new UnreadableError('the boot loader’s menu has too many entries');
      const isSubmenu = name === 'submenu';
      const item: MenuItem = { title, id: id || title, isOpen, isSubmenu, source, command: statement, given };
      if (name !== 'hiddenentry') state.menu = [...state.menu, item];
      return true;
    };

    const open = (path: string): Truth => {
      const file = resolve(path);
      if (file.kind !== 'found') {
        if (file.kind === 'unknown') doubt(`the file ${path}`);
        return file.kind === 'missing' ? false : 'unknown';
      }
      depth += 1;
      if (depth > MAX_DEPTH) throw new UnreadableError('the boot loader’s files name each other too deeply');
      const text = file.tree.text(file.path);
      const from = runner(state, { at: file.at, path: file.path });
      if (text !== null) from.text(text);
      depth -= 1;
      return text !== null;
    };

    /** A menu of its own, with the variables that are exported. */
    const openMenu = (path: string, keepsVariables: boolean): Truth => {
      const nested = newGrubState(
        [...state.variables.all].filter(([name]) => keepsVariables || state.exported.has(name)),
      );
      if (keepsVariables) for (const [name, body] of state.functions) nested.functions.set(name, body);
      const directory = path.slice(0, Math.max(0, path.lastIndexOf('/')));
      for (const [name, value] of [
        ['config_file', path],
        ['config_directory', directory],
      ] as const) {
        nested.variables.set(name, value);
        nested.exported.add(name);
      }
      const result = runner(nested, source).open(path);
      state.doubt ??= nested.doubt;
      if (nested.menu.length > 0 || nested.ended !== null) state.ended = nested;
      return result;
    };

    const text = (content: string): void => {
      const { statements, badLine } = parseGrubScript(content);
      if (badLine !== null) doubt(`line ${badLine} of ${source.path}, which GRUB does not accept`);
      run(statements);
    };

    const commandApi = (statement: Command): CommandApi => ({
      state,
      devices,
      resolve,
      doubt,
      open,
      openMenu,
      load: (kernel, args) => {
        state.loaded = { kernel, args, initrds: [], source, command: statement };
      },
    });
    const api = {
      run,
      choose,
      open,
      openMenu,
      text,
      set: (name: string, value: string) => state.variables.set(name, value),
    };
    type Part = (one: typeof api) => unknown;
    return api;
  };

  return {
    state: first,
    file: (path) => {
      const [at] = devices.volumes;
      return at === undefined ? false : runIn(first, { at, path }).openMenu(path, true);
    },
    commands: (text, source) => runIn(first, source).text(text),
    item({ command, given, source, isSubmenu }, from, variables = {}) {
      const state = isSubmenu
        ? newGrubState([...from.variables.all].filter(([name]) => from.exported.has(name)))
        : { ...copyOf(from), menu: [], certain: null, loaded: null, ended: null };
      for (const [name, body] of from.functions) state.functions.set(name, body);
      for (const [name, value] of Object.entries(variables)) state.variables.set(name, value);
      runner(state, source, given).run(command.block ?? []);
      return state;
    },
  };
}
