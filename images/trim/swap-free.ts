/** Swap space: all pages after the header. */
import type { ByteSource } from '../bytes.js';
import { leaveWholeIf } from './left-whole.js';
import type { Range } from './ranges.js';

const SIGNATURE = 'SWAPSPACE2';
const PAGES = [4096, 8192, 16_384, 32_768, 65_536];
/** The largest page: keeps the header, and boot code before it, whatever the page size. */
const KEPT = 65_536;
const VERSION_AT = 1024;
const LAST_PAGE_AT = 1028;
/** Zeros after the label, in every header. */
const PADDING = { at: 1068, end: 1536 } as const;

export function* swapFree(source: ByteSource): Generator<Range> {
  const page = PAGES.find(
    (size) =>
      size <= source.size && source.read(size - SIGNATURE.length, SIGNATURE.length).toString('latin1') === SIGNATURE,
  );
  const header = source.read(0, 4096);
  const isLittle = header.readUInt32LE(VERSION_AT) === 1;
  leaveWholeIf(page === undefined || (!isLittle && header.readUInt32BE(VERSION_AT) !== 1), 'it has an old header');
  const padding = header.subarray(PADDING.at, PADDING.end);
  leaveWholeIf(!padding.every((byte) => byte === 0), 'its header is inconsistent');
  const lastPage = isLittle ? header.readUInt32LE(LAST_PAGE_AT) : header.readUInt32BE(LAST_PAGE_AT);
  const end = Math.min(source.size, (lastPage + 1) * (page ?? 0));
  if (end > KEPT) yield { offset: KEPT, length: end - KEPT };
}
