/** The static files of the page, which `npm run build` writes to dist/web. They contain no data, and need no identity. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface PageFile {
  readonly type: string;
  /** By content coding; `identity` is the file itself. */
  readonly bodies: ReadonlyMap<Coding, Buffer<ArrayBuffer>>;
  readonly etag: string;
}

/** In the order of preference. The build writes `FILE.br` and `FILE.gz`. */
export const CODINGS = ['br', 'gzip', 'identity'] as const;
export type Coding = (typeof CODINGS)[number];
const SUFFIXES: Readonly<Record<Coding, string>> = { br: '.br', gzip: '.gz', identity: '' };

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export const ASSETS = '/assets/';

/** Whether a path is one of the page: served without an identity, and not an operation of the API. */
export function isOfPage(at: string): boolean {
  return at === '/' || at.startsWith(ASSETS);
}

/** By path. Read once: a page that is built anew has new names. Empty if the page was not built. */
export function readPageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const index = path.join(folder, 'index.html');
  if (!existsSync(index)) return new Map();
  const assets = path.join(folder, 'assets');
  const names = readdirSync(assets).filter((name) => TYPES[path.extname(name)] !== undefined);
  return new Map([
    ['/', readPageFile(index)],
    ...names.map((name) => [`${ASSETS}${name}`, readPageFile(path.join(assets, name))] as const),
  ]);
}

function readPageFile(file: string): PageFile {
  const bodies = new Map(
    CODINGS.flatMap((coding) => {
      const at = `${file}${SUFFIXES[coding]}`;
      return existsSync(at) ? [[coding, Buffer.from(readFileSync(at))] as const] : [];
    }),
  );
  const digest = createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 22);
  return { type: TYPES[path.extname(file)] ?? 'application/octet-stream', bodies, etag: `W/"${digest}"` };
}
