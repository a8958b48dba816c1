/** The name of a field of a request in the language of the page. */
import { t } from '../../i18n.js';
import type { MessageKey } from '../../messages/catalogue.js';
import { en } from '../../messages/en/index.js';
import { type FieldPath, pathText } from './draft.js';

const isMessage = (key: string): key is MessageKey => Object.hasOwn(en, key);

/** Null: the catalogue has no name for the field. */
export function labelKey(path: FieldPath): MessageKey | null {
  const key = `field.${path.filter((part) => typeof part === 'string').join('.')}`;
  return isMessage(key) ? key : null;
}

export function fieldLabel(path: FieldPath): string {
  const key = labelKey(path);
  return key === null ? pathText(path) : t(key);
}
