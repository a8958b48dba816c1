/** What a message is, and how its values are filled in. */
import type { en } from './en/index.js';

/** A text with `{name}` for values. With a number `count`, there can be one form for each plural of the language. */
export type Message = string | { readonly one: string; readonly other: string };
export type MessageKey = keyof typeof en;
export type Catalogue = Readonly<Record<MessageKey, Message>>;
export type Values = Readonly<Record<string, string | number>>;

export function chooseMessage(message: Message, values: Values, language: string): string {
  const { count } = values;
  const isOne = typeof count === 'number' && new Intl.PluralRules(language).select(count) === 'one';
  const text = typeof message === 'string' ? message : isOne ? message.one : message.other;
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
  });
}
