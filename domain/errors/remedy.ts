/** The remedy of a catalogue entry: its text with the values of the failed call and import, for the state that it appears in. */
import type { CatalogueEntry } from './entry.js';
import { FALLBACKS, type Placeholder, type RemedyValues } from './placeholders.js';
import { withLinksOfSite } from './site.js';

/** `retried`: the service tries again. `stopped`: the import waits for `resume`. */
export type Situation = 'retried' | 'stopped';

export function remedyOf(
  entry: Pick<CatalogueEntry, 'class' | 'remedy' | 'lasting'>,
  values: RemedyValues,
  situation: Situation = 'retried',
): string {
  return fill(situation === 'stopped' ? ofStop(entry) : ofRetry(entry), values);
}

export function fill(text: string, values: RemedyValues): string {
  return withLinksOfSite(text).replaceAll(/\{(\w+)\}/g, (token, name: string) => {
    if (!isPlaceholder(name)) return token;
    const value = values[name];
    if (value === undefined) return FALLBACKS[name];
    return AS_THEY_ARE.includes(name) ? value : shellWord(value);
  });
}

/** Lists and documents, not arguments of commands. */
const AS_THEY_ARE: readonly Placeholder[] = ['permission', 'policy', 'disk'];

function shellWord(text: string): string {
  return /^[\w./:,=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(FALLBACKS, name);
}

function ofRetry({ remedy, lasting }: Pick<CatalogueEntry, 'remedy' | 'lasting'>): string {
  return lasting === undefined
    ? remedy
    : `${remedy} If this lasts, ${lasting.charAt(0).toLowerCase()}${lasting.slice(1)}`;
}

/** The service has given up retrying: "nothing to do" is no longer true. */
function ofStop({ class: kind, remedy, lasting }: Pick<CatalogueEntry, 'class' | 'remedy' | 'lasting'>): string {
  if (kind !== 'transient' && kind !== 'throttled') return remedy;
  return `${lasting ?? 'The retries have not helped: check the worker’s log for the cause.'} Then resume.`;
}

/** For a failure that is not followed by a resume, such as that of a check. */
export function insteadOfResume(remedy: string, what: string): string {
  return remedy.replaceAll(/\b(t)hen resume\b/gi, `$1hen ${what}`);
}

/** For an import that has ended although its cause could have been fixed. */
export function ofEnded(remedy: string): string {
  const text = insteadOfResume(remedy, 'start a new import');
  return /\bresume\b/i.test(text) ? `${text} The import has ended: start a new one instead of a resume.` : text;
}
