/** Image names by template: `web-{date}-{sha}`. A name has no braces, so a name with braces is a template. */

/** The placeholders, and what stands for them. */
export const NAME_PLACEHOLDERS = {
  date: 'the day in UTC: 20261129',
  time: 'the time in UTC: 100203',
  source: 'the name of the file without its extension: web-01',
  sha: 'the first 12 digits of the SHA-256 digest of the file',
} as const;

export type NamePlaceholder = keyof typeof NAME_PLACEHOLDERS;

export type NameTemplate =
  | { readonly ok: true; readonly placeholders: readonly NamePlaceholder[] }
  /** `unknown`: the placeholder that does not exist. */
  | { readonly ok: false; readonly unknown: string };

export function readNameTemplate(template: string): NameTemplate {
  const found = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
  const unknown = found.find((name) => !isPlaceholder(name));
  return unknown === undefined
    ? { ok: true, placeholders: [...new Set(found.filter(isPlaceholder))] }
    : { ok: false, unknown };
}

/** @param values of the placeholders that the template has */
export function nameFromTemplate(template: string, values: Readonly<Partial<Record<NamePlaceholder, string>>>): string {
  return template.replace(/\{([^{}]*)\}/g, (whole, name: string) =>
    isPlaceholder(name) ? (values[name] ?? whole) : whole,
  );
}

/** `20261129` and `100203`. @param timeMs milliseconds since 1970 */
export function timePlaceholders(timeMs: number): Readonly<Record<'date' | 'time', string>> {
  const [date = '', time = ''] = new Date(timeMs).toISOString().replaceAll(/[-:]/g, '').slice(0, 15).split('T');
  return { date, time };
}

/** The file's name in a path or URL without extensions, with the characters that image names have. */
export function sourcePlaceholder(source: string): string {
  const file =
    source
      .split(/[?#]/)[0]
      ?.split('/')
      .findLast((part) => part !== '') ?? '';
  const decoded = /%[0-9a-f]{2}/i.test(file) ? percentDecoded(file) : file;
  return decoded
    .replace(/(?:\.(?:qcow2|raw|img|vhdx?|vmdk|gz|xz|zst|bz2|tar|ova|zip))+$/i, '')
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-');
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const SHA_DIGITS = 12;

function isPlaceholder(name: string): name is NamePlaceholder {
  return Object.hasOwn(NAME_PLACEHOLDERS, name);
}
