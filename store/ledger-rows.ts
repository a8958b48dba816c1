/**
 * A ledger entry and the row that it is stored as. Rows hold their detail as texts, which the API shows as they are; rows of
 * earlier versions, with an empty text for what is not known, are read as well.
 */
import type { LedgerEntryView } from '../domain/import.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { type ObjectLocation, parseObjectLocation } from '../domain/object-location.js';

type StoredDetail = Record<string, string | null>;

/** Null takes a field out of the row. */
export function toStoredDetail({ detail = {} }: LedgerWrite): Readonly<StoredDetail> {
  const stored: StoredDetail = {};
  for (const [name, value] of Object.entries<ObjectLocation | string | number | boolean | null>(detail)) {
    if (value === null) stored[name] = null;
    else if (typeof value === 'object') Object.assign(stored, { bucket: value.bucket, key: value.key });
    else stored[name] = String(value);
  }
  return stored;
}

/** Empty for a kind that only a later version of this program knows. */
export function fromRow(row: LedgerEntryView): readonly LedgerEntry[] {
  const { kind, detail, ...rest } = row;
  const text = (name: keyof typeof detail): string | null => detail[name] || null;
  const number = (name: keyof typeof detail): number | null => {
    const value = Number(text(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  };
  const imageId = text('imageId');
  const clientToken = text('clientToken');
  switch (kind) {
    case 'multipart-upload': {
      const location = locationOf(row);
      return [{ ...rest, kind, detail: { location, uploadId: text('uploadId'), usedBy: text('usedBy') } }];
    }
    case 'object': {
      const [location, size, crc64, usedBy] = [locationOf(row), number('size'), text('crc64'), text('usedBy')];
      return [{ ...rest, kind, detail: { location, size, crc64, usedBy } }];
    }
    case 'task':
      return [{ ...rest, kind, detail: { imageId } }];
    case 'image':
      return [{ ...rest, kind, detail: { imageId, clientToken } }];
    case 'copy': {
      const [sourceImageId, round] = [text('sourceImageId'), number('round') ?? 1];
      return [{ ...rest, kind, detail: { imageId, sourceImageId, clientToken, round } }];
    }
    case 'role':
      return [{ ...rest, kind, detail: {} }];
    case 'policy-attachment':
      return [{ ...rest, kind, detail: { policy: text('policy'), madeHere: text('madeHere') === 'true' } }];
    default:
      return [];
  }
}

/** Bucket and key as they are stored: the keys of old rows are not percent-encoded. */
function locationOf({ key, detail }: LedgerEntryView): ObjectLocation {
  if (detail.bucket !== undefined && detail.key !== undefined) return { bucket: detail.bucket, key: detail.key };
  const location = parseObjectLocation(key);
  if (location === null) throw new Error(`ledger entry ${key} names no bucket and key`);
  return location;
}
