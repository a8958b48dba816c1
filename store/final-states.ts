/** The final states of imports and batches as a list for SQL: `state in ${FINAL_STATES_SQL}`. */
import { FINAL_STATES } from '../domain/import.js';

export const FINAL_STATES_SQL = `(${FINAL_STATES.map((state) => `'${state}'`).join(', ')})`;
