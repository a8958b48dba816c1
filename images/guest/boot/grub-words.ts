/** GRUB's variables, and the words that its commands get from them. */
import type { Word } from './grub-script.js';

/** A value that this reading cannot know is `$name`, so that what contains it is recognised. */
export interface Variables {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  unset(name: string): void;
  copy(): Variables;
  /** Keeps what both have; other values become unknown. */
  merge(other: Variables): void;
  readonly all: ReadonlyMap<string, string>;
}

export function variablesOf(initial: Iterable<readonly [string, string]>): Variables {
  const values = new Map<string, string>(initial);
  return {
    all: values,
    get: (name) => values.get(name),
    set: (name, value) => values.set(name, value.slice(0, MAX_VALUE)),
    unset: (name) => values.delete(name),
    copy: () => variablesOf(values),
    merge(other) {
      for (const name of new Set([...values.keys(), ...other.all.keys()])) {
        if (values.get(name) !== other.all.get(name)) values.set(name, unknownValue(name));
      }
    },
  };
}

export const unknownValue = (name: string): string => `$${name}`;
const MAX_VALUE = 64 * 1024;
const MAX_WORDS = 4096;

/** The arguments of the function that runs. */
export type Arguments = readonly string[];

export function wordsFor(words: readonly Word[], variables: Variables, given: Arguments): string[] {
  return words.flatMap((word) => fieldsOf(word, variables, given)).slice(0, MAX_WORDS);
}

/** Like a shell: a variable outside quotes may become several words, or none. */
function fieldsOf(word: Word, variables: Variables, given: Arguments): string[] {
  const fields: string[] = [];
  let current: string | null = null;
  for (const part of word) {
    if (part.kind === 'text') {
      current = (current ?? '') + part.text;
      continue;
    }
    const value = variableValue(part.name, variables, given);
    if (part.isQuoted) {
      current = (current ?? '') + value;
      continue;
    }
    const [first, ...rest] = value.split(/\s+/).filter(Boolean);
    if (first === undefined) continue;
    current = (current ?? '') + first;
    for (const field of rest) {
      fields.push(current);
      current = field;
    }
  }
  return current === null ? fields : [...fields, current.slice(0, MAX_VALUE)];
}

function variableValue(name: string, variables: Variables, given: Arguments): string {
  if (/^\d+$/.test(name)) return given[Number(name) - 1] ?? '';
  if (name === '@' || name === '*') return given.join(' ');
  if (name === '#') return String(given.length);
  if (name === '?') return unknownValue('?');
  return variables.get(name) ?? (SET_BY_GRUB.test(name) ? unknownValue(name) : '');
}

/** Variables that GRUB sets from the machine or the network. */
const SET_BY_GRUB = /^(net_\w+|pxe_\w+|cmdpath|smbios\w*|shim_lock|lockdown|check_signatures|fw_path|lang|gfxmode)$/;
