/** Numbers, sizes and durations as text, by the rules of the chosen language. */
import { locale } from './i18n.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

function number(value: number, digits: number): string {
  return new Intl.NumberFormat(locale(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

export function countText(value: number): string {
  return number(value, 0);
}

/** `12.40 GiB`; less than a hundredth of it in MiB. @param bytes */
export function sizeText(bytes: number): string {
  if (bytes >= GIB / 100 || bytes === 0) return `${number(bytes / GIB, 2)} GiB`;
  return `${number(bytes / MIB, 2)} MiB`;
}

/** @param bytesPerSecond */
export function rateText(bytesPerSecond: number): string {
  return `${number(bytesPerSecond / MIB, 1)} MiB/s`;
}

/** @param percent 0 to 100 */
export function percentText(percent: number): string {
  return `${number(percent, 0)} %`;
}

/** `0.8 s`, `12 s`, `3 min 4 s`, `2 h 10 min`, `3 d 4 h`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, seconds < 9.95 ? Math.round(seconds * 10) / 10 : Math.round(seconds));
  const unit = (value: number, name: 'second' | 'minute' | 'hour' | 'day') =>
    new Intl.NumberFormat(locale(), { style: 'unit', unit: name, unitDisplay: 'narrow' }).format(value);
  if (whole < 60) return unit(whole, 'second');
  if (whole < 3_600) return `${unit(Math.floor(whole / 60), 'minute')} ${unit(whole % 60, 'second')}`;
  if (whole < 86_400)
    return `${unit(Math.floor(whole / 3_600), 'hour')} ${unit(Math.floor((whole % 3_600) / 60), 'minute')}`;
  return `${unit(Math.floor(whole / 86_400), 'day')} ${unit(Math.floor((whole % 86_400) / 3_600), 'hour')}`;
}

/** `2026-11-29 18:02:03 UTC` */
export function utcText(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
