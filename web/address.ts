/** Addresses of the page: `#/imports?state=attention`. The part after `#` names a view, and the query has its filters. */

/** Parameters of a view; a name can be repeated, as `tag` is. */
export type Query = Readonly<Record<string, readonly string[]>>;

export interface Address {
  /** Decoded: `['imports', 'imp-…']`; empty for the overview. */
  readonly path: readonly string[];
  readonly query: Query;
}

/** Null for a text that is no address of a view, such as a sign-in link. */
export function readAddress(hash: string): Address | null {
  const text = hash.replace(/^#/, '');
  if (text !== '' && !text.startsWith('/')) return null;
  const at = text.indexOf('?');
  const path = at < 0 ? text : text.slice(0, at);
  const query: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(at < 0 ? '' : text.slice(at + 1))) {
    if (value === '') continue;
    query[name] = [...(query[name] ?? []), value];
  }
  return { path: path.split('/').filter(Boolean).map(decoded), query };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The inverse: `hrefOf(['imports'], { state: ['attention'] })` is `#/imports?state=attention`. */
export function hrefOf(path: readonly string[], query: Query = {}): string {
  const parameters = new URLSearchParams(
    Object.entries(query).flatMap(([name, values]) =>
      values.filter((value) => value !== '').map((value): [string, string] => [name, value]),
    ),
  );
  const text = parameters.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}

/** Where a link signs in: `#sign-in=CODE`, with `&to=/imports/ID` for the view to open then. */
export interface SignInLink {
  readonly code: string;
  /** The address to open, as a fragment. */
  readonly to: string;
}

export function readSignInLink(hash: string): SignInLink | null {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const code = parameters.get('sign-in');
  if (code === null) return null;
  const to = parameters.get('to') ?? '/';
  return { code, to: to.startsWith('/') ? `#${to}` : '#/' };
}
