/** The names of the fields of a request in the catalogue of messages. */
import type { MessageKey } from '../../messages/catalogue.js';
import { en } from '../../messages/en/index.js';
import type { FieldPath } from './draft.js';

const isMessage = (key: string): key is MessageKey => Object.hasOwn(en, key);

/** The fields that can be changed in a request that exists, by the path in the API; those of disks for the system disk. */
export function requestFields(): readonly { readonly path: string; readonly key: MessageKey }[] {
  return Object.keys(en)
    .filter(isMessage)
    .filter((key) => key.startsWith('field.') && key !== 'field.dryRun')
    .map((key) => ({ path: key.slice('field.'.length).replace(/^disks\./, 'disks[0].'), key }));
}

/** Null: the catalogue has no name for the field. */
export function labelKey(path: FieldPath): MessageKey | null {
  const key = `field.${path.filter((part) => typeof part === 'string').join('.')}`;
  return isMessage(key) ? key : null;
}
