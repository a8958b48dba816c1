/** GRUB's command `test`, with a third result for what this reading cannot know. */
import { hasVariable } from './entry.js';
import type { GrubFile } from './grub-devices.js';

export type Truth = boolean | 'unknown';

export const not = (value: Truth): Truth => (value === 'unknown' ? 'unknown' : !value);
const and = (left: Truth, right: Truth): Truth =>
  left === false || right === false ? false : left === true && right === true ? true : 'unknown';
const or = (left: Truth, right: Truth): Truth => not(and(not(left), not(right)));

/** `resolve`: a path of GRUB. */
export function testCondition(words: readonly string[], resolve: (path: string) => GrubFile): Truth {
  let at = 0;
  const peek = (): string | undefined => words[at];
  const alternatives = (depth: number): Truth => {
    let value = conjunction(depth);
    while (peek() === '-o') {
      at += 1;
      value = or(value, conjunction(depth));
    }
    return value;
  };
  const conjunction = (depth: number): Truth => {
    let value = primary(depth);
    while (at < words.length && peek() !== '-o' && peek() !== ')') {
      if (peek() === '-a') at += 1;
      value = and(value, primary(depth));
    }
    return value;
  };
  const primary = (depth: number): Truth => {
    if (depth > 20) return 'unknown';
    const [first, second, third] = words.slice(at, at + 3);
    if (first === undefined) return false;
    const compare = second === undefined || third === undefined ? undefined : COMPARISONS[second];
    if (compare !== undefined && second !== undefined && third !== undefined) {
      at += 3;
      return hasVariable(first) || hasVariable(third) ? 'unknown' : compare(first, third);
    }
    if (second !== undefined && /^-[nop]t/.test(second)) {
      at += 3;
      return 'unknown';
    }
    at += 1;
    if (first === '!') return not(primary(depth + 1));
    if (first === '(') {
      const value = alternatives(depth + 1);
      if (peek() === ')') at += 1;
      return value;
    }
    if (second !== undefined && /^-[nzfdes]$/.test(first)) {
      at += 1;
      if (first === '-n' || first === '-z')
        return hasVariable(second) ? 'unknown' : (second !== '') === (first === '-n');
      return testFile(first, resolve(second));
    }
    return hasVariable(first) ? 'unknown' : first !== '';
  };
  const value = alternatives(0);
  return at < words.length ? 'unknown' : value;
}

function testFile(option: string, file: GrubFile): Truth {
  if (file.kind !== 'found') return file.kind === 'missing' ? false : 'unknown';
  const info = file.tree.info(file.path);
  if (option === '-e') return info !== null;
  if (option === '-d') return info?.kind === 'directory';
  if (option === '-f') return info?.kind === 'file';
  return (info?.size ?? 0) > 0;
}

const numbers = (left: string, right: string, compare: (sign: number) => boolean): Truth => {
  const [a, b] = [Number.parseInt(left, 10), Number.parseInt(right, 10)];
  return Number.isNaN(a) || Number.isNaN(b) ? 'unknown' : compare(a - b);
};
const COMPARISONS: Readonly<Record<string, (left: string, right: string) => Truth>> = {
  '=': (left, right) => left === right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => left < right,
  '>': (left, right) => left > right,
  '-eq': (left, right) => numbers(left, right, (sign) => sign === 0),
  '-ne': (left, right) => numbers(left, right, (sign) => sign !== 0),
  '-lt': (left, right) => numbers(left, right, (sign) => sign < 0),
  '-le': (left, right) => numbers(left, right, (sign) => sign <= 0),
  '-gt': (left, right) => numbers(left, right, (sign) => sign > 0),
  '-ge': (left, right) => numbers(left, right, (sign) => sign >= 0),
};
