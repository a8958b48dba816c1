/** Pages of a large table, each read from the place in an index at which it begins. */

export interface PageKey {
  /** A column of the index, and the value that all rows of the page have in it. */
  readonly column: string;
  readonly value: string;
}

export interface PageCondition {
  readonly where: string;
  readonly orderBy: string;
  /** The parameters, from the given number on. */
  readonly values: readonly string[];
}

/**
 * The condition and order of the rows with these values, by `id`, after the cursor. The statement contains only what the filter
 * has: with `$1 is null or …`, PostgreSQL changes to one plan for all cases after a few executions, which reads the whole table.
 * With `column = value`, it may choose to read the table in the order of the ids instead, which is as slow for rare values. So
 * the condition is a range, and the order names all columns: only an index of these columns has that order.
 */
export function pageCondition(
  keys: readonly PageKey[],
  id: string,
  cursor: string | undefined,
  direction: 'asc' | 'desc',
  firstParameter: number,
): PageCondition {
  const columns = keys.map(({ column }) => column);
  const parameters = keys.map((_key, index) => `$${firstParameter + index}`);
  const [towards, back] = direction === 'asc' ? ['>', '<='] : ['<', '>='];
  const row = (values: readonly string[]) => `(${values.join(', ')})`;
  const bounds = [
    ...(cursor === undefined
      ? keys.length === 0
        ? []
        : [`${row(columns)} ${towards}= ${row(parameters)}`]
      : [`${row([...columns, id])} ${towards} ${row([...parameters, `$${firstParameter + keys.length}`])}`]),
    ...(keys.length === 0 ? [] : [`${row(columns)} ${back} ${row(parameters)}`]),
  ];
  return {
    where: bounds.length === 0 ? 'true' : bounds.join(' and '),
    orderBy: [...columns, id].map((column) => `${column} ${direction}`).join(', '),
    values: [...keys.map(({ value }) => value), ...(cursor === undefined ? [] : [cursor])],
  };
}
