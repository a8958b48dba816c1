/** Names derived from an import: its ID, its workflow ID, the tag of its image and the keys of its objects. */

import { usablePrefix } from './object-location.js';

/** The tag on every image that this service creates. Its value is the import's ID, which finds an image whose ID was lost. */
export const IMPORT_TAG_KEY = 'ecs-image-import';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const SHAPE = /^imp-[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/**
 * `imp-` and 26 characters that sort by time: 48 bits of time and 80 random bits.
 * @param timeMs milliseconds since 1970, below 2^48
 * @param random at least 10 bytes
 */
export function newImportId(timeMs: number, random: Uint8Array): string {
  return newId('imp', timeMs, random);
}

export function newId(prefix: 'imp' | 'bat' | 'whk' | 'ins', timeMs: number, random: Uint8Array): string {
  if (!Number.isSafeInteger(timeMs) || timeMs < 0 || timeMs >= 2 ** 48)
    throw new RangeError(`timeMs must be an integer from 0 to 2^48 - 1, got ${timeMs}`);
  if (random.length < 10) throw new RangeError(`an ID requires 10 random bytes, got ${random.length}`);
  let bits = BigInt(timeMs);
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += ALPHABET.charAt(Number((bits >> shift) & 31n));
  return `${prefix}-${text}`;
}

const ID_CHARACTERS = 26;

/**
 * When imports or batches whose ID begins with `prefix` were accepted, in milliseconds since 1970.
 * @param prefix `imp-` or `bat-` and 0 to 26 characters; null if no ID begins with it
 */
export function timesOfIdPrefix(prefix: string): { readonly from: number; readonly to: number } | null {
  const [, characters] = /^(?:imp|bat)-((?:[0-7][0-9a-hjkmnp-tv-z]{0,25})?)$/.exec(prefix) ?? [];
  if (characters === undefined) return null;
  const timeOf = (filler: string) => {
    let bits = 0n;
    for (const character of characters.padEnd(ID_CHARACTERS, filler)) {
      bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
    }
    return Number((bits >> 80n) & 0xffff_ffff_ffffn);
  };
  return { from: timeOf('0'), to: characters === '' ? 2 ** 48 - 1 : timeOf('z') };
}

/** The import ID in the first segment of a path, as in `imp-…/disk-1.qcow2`; null if there is none. */
export function importIdIn(path: string): string | null {
  const [first = ''] = path.split('/');
  return isImportId(first) ? first : null;
}

/** `bat-` and 26 characters, as `newId` makes it. */
export function isBatchId(text: string): boolean {
  return /^bat-[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(text);
}

export function isImportId(text: string): boolean {
  return SHAPE.test(text);
}

export const IMPORT_WORKFLOW_PREFIX = 'import/';

export function importWorkflowId(importId: string): string {
  return `${IMPORT_WORKFLOW_PREFIX}${importId}`;
}

/** Null: not the workflow of an import. */
export function importIdOfWorkflow(workflowId: string): string | null {
  const id = workflowId.slice(IMPORT_WORKFLOW_PREFIX.length);
  return workflowId.startsWith(IMPORT_WORKFLOW_PREFIX) && isImportId(id) ? id : null;
}

/**
 * The object key of a disk in the bucket. The suffix is that of the format, because the cloud rejects any other (UnsupportedSuffix.OSSObject).
 * @param disk 1 is the system disk
 * @param sha256 of the source, if it is known, so that other content never overwrites an existing object
 */
export function objectKey(prefix: string, importId: string, disk: number, format: string, sha256?: string): string {
  const content = sha256 === undefined ? '' : `-${sha256.slice(0, 12)}`;
  return `${usablePrefix(prefix)}${importId}/disk-${disk}${content}.${format.toLowerCase()}`;
}
