/** The daily window in which a batch starts imports: `20:00-06:00 Asia/Shanghai`. */

export interface Schedule {
  /** Minutes since midnight in `timeZone`. The window may extend past midnight. */
  readonly from: number;
  readonly to: number;
  /** IANA time zone name. */
  readonly timeZone: string;
}

export type ScheduleReading =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly reason: string };

const SHAPE = /^\s*(\d{1,2}):(\d{2})\s*(?:-|–|to)\s*(\d{1,2}):(\d{2})\s+(\S+)\s*$/;
const DAY = 24 * 60;

export function parseSchedule(text: string): ScheduleReading {
  const match = SHAPE.exec(text);
  if (match === null) {
    return { ok: false, reason: 'must be a window and its time zone, e.g. "20:00-06:00 Asia/Shanghai"' };
  }
  const [fromHour, fromMinute, toHour, toMinute] = match.slice(1, 5).map(Number);
  const from = (fromHour ?? 0) * 60 + (fromMinute ?? 0);
  const to = (toHour ?? 0) * 60 + (toMinute ?? 0);
  const timeZone = match[5] ?? '';
  if (from >= DAY || to > DAY || (fromMinute ?? 0) > 59 || (toMinute ?? 0) > 59) {
    return { ok: false, reason: 'must have times from 00:00 to 24:00' };
  }
  if (from === to % DAY) return { ok: false, reason: 'must have two different times: the window is empty' };
  try {
    new Intl.DateTimeFormat('en', { timeZone });
  } catch {
    return {
      ok: false,
      reason: `has the unknown time zone ${timeZone}: use an IANA name such as Asia/Shanghai or UTC`,
    };
  }
  return { ok: true, schedule: { from, to: to % DAY, timeZone } };
}

/** True if the window is open at this time. Follows the clock changes of the time zone. */
export function isOpen({ from, to, timeZone }: Schedule, atMs: number): boolean {
  const parts = new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const [hour, minute] = ['hour', 'minute'].map((name) =>
    Number(parts.formatToParts(atMs).find((part) => part.type === name)?.value),
  );
  const now = (hour ?? 0) * 60 + (minute ?? 0);
  return from < to ? now >= from && now < to : now >= from || now < to;
}

export function opensAt({ from }: Schedule): string {
  return `${String(Math.floor(from / 60)).padStart(2, '0')}:${String(from % 60).padStart(2, '0')}`;
}
