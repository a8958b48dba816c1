/** The address of the view that is shown, as a signal. The browser's history is the only state: back and links work by themselves. */
import { computed, signal } from '@preact/signals';
import { type Address, hrefOf, type Query, readAddress } from './address.js';

const hash = signal(location.hash);
addEventListener('hashchange', () => {
  hash.value = location.hash;
});

const OVERVIEW: Address = { path: [], query: {} };

export const address = computed<Address>(() => readAddress(hash.value) ?? OVERVIEW);

export function go(href: string): void {
  location.hash = href;
}

/** Without an entry in the history: for what is typed into a filter. */
export function replaceHash(href: string): void {
  history.replaceState(history.state, '', href);
  hash.value = location.hash;
}

/** Changes filters of the shown view; an empty list removes one. */
export function setQuery(change: Query, options: { readonly isTyped?: boolean } = {}): void {
  const { path, query } = address.value;
  const href = hrefOf(path, { ...query, ...change });
  if (options.isTyped === true) replaceHash(href);
  else go(href);
}

/** The value of a parameter that is given at most once. */
export function queryValue(name: string): string | undefined {
  return address.value.query[name]?.[0];
}
