/** Ids of RAM are long numbers that begin with a digit for their kind. */
import { randomInt } from 'node:crypto';

export function numericId(first: string): string {
  return `${first}${String(randomInt(0, 2 ** 40)).padStart(17, '0')}`;
}
