/** A package's header in the RPM database (RPM file format: an index of tags, then their data). */
import { UnreadableError } from '../../bytes.js';
import { type InstalledPackage, packageOf } from './package-list.js';

const ENTRY = 16;
const MAX_ENTRIES = 65_536;
const TAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  description: 1005,
  vendor: 1011,
  url: 1020,
  architecture: 1022,
  sourceRpm: 1044,
} as const;
const TYPE_INT32 = 4;
/** STRING, STRING_ARRAY, I18NSTRING: the first string is the one that is wanted. */
const TEXT_TYPES = [6, 8, 9];

/** Null: it has no name. */
export function rpmPackage(header: Buffer): InstalledPackage | null {
  if (header.length < 8) throw new UnreadableError('an RPM header is cut off');
  const entries = header.readUInt32BE(0);
  const store = 8 + entries * ENTRY;
  if (entries > MAX_ENTRIES || store + header.readUInt32BE(4) > header.length)
    throw new UnreadableError('an RPM header is larger than its record');
  const places = new Map<number, { type: number; at: number }>();
  for (let entry = 0; entry < entries; entry += 1) {
    const at = 8 + entry * ENTRY;
    places.set(header.readUInt32BE(at), { type: header.readUInt32BE(at + 4), at: store + header.readUInt32BE(at + 8) });
  }
  const text = (tag: number): string | null => {
    const place = places.get(tag);
    if (place === undefined || !TEXT_TYPES.includes(place.type) || place.at >= header.length) return null;
    const end = header.indexOf(0, place.at);
    return header.toString('utf8', place.at, end < 0 ? header.length : end);
  };
  const epoch = places.get(TAG.epoch);
  const hasEpoch = epoch !== undefined && epoch.type === TYPE_INT32 && epoch.at + 4 <= header.length;
  const version = {
    epoch: hasEpoch ? header.readUInt32BE(epoch.at) : null,
    version: text(TAG.version) ?? '',
    release: text(TAG.release),
  };
  return packageOf(text(TAG.name) ?? '', version, {
    architecture: text(TAG.architecture),
    // `NAME-VERSION-RELEASE.src.rpm`
    source: text(TAG.sourceRpm)?.replace(/-[^-]+-[^-]+\.(no)?src\.rpm$/, '') ?? null,
    summary: text(TAG.summary),
    description: text(TAG.description),
    url: text(TAG.url),
    publisher: text(TAG.vendor),
  });
}
