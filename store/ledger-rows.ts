/**
 * Conversion between a ledger entry and its row. A row stores its detail as strings, which the API returns unchanged. Rows of
 * earlier versions, with empty strings for unknown values, are also read.
 */
import type { LedgerEntryView } from '../domain/import.js';
import type { LedgerEntry, LedgerWrite } from '../domain/ledger.js';
import { type ObjectLocation, parseObjectLocation } from '../domain/object-location.js';

type StoredDetail = Record<string, string | null>;

/** Null removes a field from the row. */
export function toStoredDetail({ detail = {} }: LedgerWrite): Readonly<StoredDetail> {
  const stored: StoredDetail = {};
  for (const [name, value] of Object.entries<ObjectLocation | string | number | boolean | null>(detail)) {
    if (value === null) stored[name] = null;
    else if (typeof value === 'object') Object.assign(stored, { bucket: value.bucket, key: value.key });
    else stored[name] = String(value);
  }
  return stored;
}

/** Empty for a kind that this version does not know. */
export function fromRow(row: LedgerEntryView): readonly LedgerEntry[] {
  const { kind, detail, ...rest } = row;
  const text = (name: keyof typeof detail): string | null => detail[name] || null;
  const number = (name: keyof typeof detail): number | null => {
    const value = Number(text(name) ?? Number.NaN);
    return Number.isFinite(value) ? value : null;
  };
  const imageId = text('imageId');
  const clientToken = text('clientToken');
  const requestId = text('requestId');
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
    case 'snapshot':
      return [{ ...rest, kind, detail: { imageId } }];
    case 'image':
      return [{ ...rest, kind, detail: { imageId, clientToken, requestId } }];
    case 'copy': {
      const [sourceImageId, round] = [text('sourceImageId'), number('round') ?? 1];
      return [{ ...rest, kind, detail: { imageId, sourceImageId, clientToken, round, requestId } }];
    }
    case 'role':
      return [{ ...rest, kind, detail: {} }];
    case 'policy-attachment':
      return [{ ...rest, kind, detail: { policy: text('policy'), madeHere: text('madeHere') === 'true' } }];
    default:
      return [];
  }
}

/** Bucket and key from the detail; otherwise parsed from the key of the row, which is not percent-encoded in old rows. */
function locationOf({ key, detail }: LedgerEntryView): ObjectLocation {
  if (detail.bucket !== undefined && detail.key !== undefined) return { bucket: detail.bucket, key: detail.key };
  const location = parseObjectLocation(key);
  if (location === null) throw new Error(`ledger entry ${key} has no bucket and key`);
  return location;
}
