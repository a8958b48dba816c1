/** Light, dark, or as the system has it. The colours of both are in style/tokens.css. */
import { effect, signal } from '@preact/signals';
import { readPreference, writePreference } from './preferences.js';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const isTheme = (text: string | null): text is Theme => THEMES.some((one) => one === text);

function kept(): Theme {
  const text = readPreference('theme');
  return isTheme(text) ? text : 'system';
}

export const theme = signal<Theme>(kept());

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

export function setTheme(next: Theme): void {
  theme.value = next;
  writePreference('theme', next === 'system' ? null : next);
}
