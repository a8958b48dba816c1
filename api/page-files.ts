/** The static files of the page. They contain no data. */

/** By path: the name in `web/`, and its type. */
export const PAGE = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.mjs': ['page.mjs', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
} as const satisfies Record<string, readonly [file: string, type: string]>;

export const PAGE_FILES: readonly string[] = Object.keys(PAGE);
