/** RAM ids are long numbers; the first digit identifies the type of the entity. */
import { randomInt } from 'node:crypto';

export function numericId(first: string): string {
  return `${first}${String(randomInt(0, 2 ** 40)).padStart(17, '0')}`;
}
