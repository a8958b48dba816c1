/** The names of the fields of a request in the catalogue of messages. */
import type { MessageKey } from '../../messages/catalogue.js';
import { en } from '../../messages/en/index.js';
import type { FieldPath } from './draft.js';

const isMessage = (key: string): key is MessageKey => Object.hasOwn(en, key);

/** Null: the catalogue has no name for the field. */
export function labelKey(path: FieldPath): MessageKey | null {
  const key = `field.${path.filter((part) => typeof part === 'string').join('.')}`;
  return isMessage(key) ? key : null;
}
