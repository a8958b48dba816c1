/** The messages of the chosen language. `t('imports.count', { count: 3 })` is text; a view contains no text of its own. */
import { signal } from '@preact/signals';
import { type Catalogue, chooseMessage, type MessageKey, type Values } from './messages/catalogue.js';
import { en } from './messages/en/index.js';
import { readPreference, writePreference } from './preferences.js';

export const LANGUAGES = { en: 'English', 'zh-CN': '简体中文' } as const;
export type Language = keyof typeof LANGUAGES;

export const language = signal<Language>('en');
const catalogue = signal<Catalogue>(en);

const isLanguage = (text: string | null): text is Language => text !== null && Object.hasOwn(LANGUAGES, text);

/** The choice of this browser, or the first language of the browser that the page has. */
function preferred(): Language {
  const kept = readPreference('language');
  if (isLanguage(kept)) return kept;
  const first = navigator.languages.find((tag) => /^(en|zh)\b/i.test(tag));
  return first !== undefined && /^zh/i.test(first) ? 'zh-CN' : 'en';
}

async function load(next: Language): Promise<void> {
  const loaded = next === 'en' ? en : (await import('./messages/zh-CN/index.js')).zhCN;
  catalogue.value = loaded;
  language.value = next;
  document.documentElement.lang = next;
}

export async function setLanguage(next: Language): Promise<void> {
  writePreference('language', next);
  await load(next);
}

/** Before the page is drawn. */
export function startLanguage(): Promise<void> {
  return load(preferred());
}

/** For dates and numbers: the browser's own variant of the chosen language, such as `en-GB`. */
export function locale(): string {
  const { value } = language;
  const main = value.split('-')[0] ?? value;
  return navigator.languages.find((tag) => tag.split('-')[0] === main) ?? value;
}

export function t(key: MessageKey, values: Values = {}): string {
  return chooseMessage(catalogue.value[key], values, locale());
}
