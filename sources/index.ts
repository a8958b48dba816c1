/** The table of sources: which file handles which URL scheme. To add a source, write its file and add it here. */
import type { SourceAccess } from './access.js';
import { fileSource } from './file.js';
import { httpSource } from './http.js';
import { ossSource } from './oss.js';
import type { Source, SourceOptions } from './source.js';

const BY_SCHEME: Readonly<Record<string, (url: string, access: SourceAccess, options?: SourceOptions) => Source>> = {
  'file:': fileSource,
  'http:': httpSource,
  'https:': httpSource,
  'oss:': ossSource,
};

/**
 * @param url of a validated request
 */
export function sourceAt(url: string, access: SourceAccess, options?: SourceOptions): Source {
  const { protocol } = new URL(url);
  const create = BY_SCHEME[protocol];
  if (create === undefined)
    throw new Error(`no source reads ${protocol} URLs; domain/request/source-rules.ts lets it pass`);
  return create(url, access, options);
}
