/** The text of a position in a list. In the order of creation, it is the ID of an import. */
import { z } from 'zod';
import type { ImportSort } from '../domain/import-filter.js';
import type { Position } from '../store/import-search.js';

const position = z.tuple([z.string(), z.string()]);

export function cursorOf({ key, id }: Position, sort: ImportSort): string {
  const order = orderOf(sort);
  if (order === 'created') return id;
  return `${order}.${Buffer.from(JSON.stringify([key, id])).toString('base64url')}`;
}

/** Undefined if the text is not the cursor of a list in this order. */
export function positionIn(cursor: string, sort: ImportSort): Position | undefined {
  const order = orderOf(sort);
  if (order === 'created') return { key: cursor, id: cursor };
  if (!cursor.startsWith(`${order}.`)) return undefined;
  try {
    const [key, id] = position.parse(
      JSON.parse(Buffer.from(cursor.slice(order.length + 1), 'base64url').toString('utf8')),
    );
    return { key, id };
  } catch {
    return undefined;
  }
}

function orderOf(sort: ImportSort): string {
  return sort.replace('-', '');
}
