/** Random numbers from a seed, so that a failed run can be repeated. */
import { createHash } from 'node:crypto';

export interface Random {
  /** From `least` up to and including `most`. */
  whole(least: number, most: number): number;
  pick<Value>(values: readonly Value[]): Value;
  chance(probability: number): boolean;
}

export function createRandom(seed: string): Random {
  let count = 0;
  const next = (): number => {
    count += 1;
    return createHash('sha256').update(`${seed}/${count}`).digest().readUInt32LE(0) / 2 ** 32;
  };
  return {
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick(values) {
      const value = values[Math.floor(next() * values.length)];
      if (value === undefined) throw new Error('there is nothing to pick from');
      return value;
    },
    chance: (probability) => next() < probability,
  };
}
