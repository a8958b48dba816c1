/**
 * The site that the account is registered at. Consoles, bills and tickets of the international site have other addresses;
 * the APIs do not. Set once, when a process starts.
 */

export const SITES = ['china', 'international'] as const;
export type Site = (typeof SITES)[number];

let site: Site = 'china';

export function useSite(chosen: Site): void {
  site = chosen;
}

/** Texts name the addresses of the Chinese site. */
const INTERNATIONAL: readonly (readonly [pattern: RegExp, address: string])[] = [
  [
    /https:\/\/smartservice\.console\.aliyun\.com\/service\/create-ticket/g,
    'https://workorder-intl.console.aliyun.com/#/ticket/createIndex',
  ],
  [/https:\/\/usercenter2\.aliyun\.com/g, 'https://usercenter2-intl.aliyun.com'],
  [/https:\/\/([a-z]+)\.console\.aliyun\.com/g, 'https://$1.console.alibabacloud.com'],
];

/** A text of this program with the links of the site. */
export function withLinksOfSite(text: string): string {
  if (site === 'china') return text;
  return INTERNATIONAL.reduce((changed, [pattern, address]) => changed.replace(pattern, address), text);
}
