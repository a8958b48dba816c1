/** The final states of imports and batches as a list for SQL: `state in ${FINAL_STATES_SQL}`. */
import { FINAL_STATES, STATES, type State } from '../domain/import.js';

export const FINAL_STATES_SQL = listOf(FINAL_STATES);

/**
 * The other states of imports. `state in` these finds the few open imports by an index; `state not in` the final ones reads all.
 */
export const OPEN_STATES_SQL = listOf(STATES.filter((state) => !FINAL_STATES.some((final) => final === state)));

function listOf(states: readonly State[]): string {
  return `(${states.map((state) => `'${state}'`).join(', ')})`;
}
