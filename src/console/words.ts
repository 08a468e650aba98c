/** Numbers and times as people read them, in the time zone of the browser. */

const LOCALE = 'en-GB';
const numbers = new Intl.NumberFormat(LOCALE);
const clock = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat(LOCALE, { day: 'numeric', month: 'short', year: 'numeric' });
const zoned = new Intl.DateTimeFormat(LOCALE, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `12,345`. */
export const countWords = (count: number): string => numbers.format(count);

/** `1 claim`, `2 claims`. */
export const countOf = (count: number, noun: string): string =>
  `${countWords(count)} ${noun}${count === 1 ? '' : 's'}`;

/** The time of day: `12:00:03`. */
export const clockWords = (ms: number): string => clock.format(ms);

/** The time of day, with the date unless it is today's. */
export function timeWords(ms: number, nowMs: number): string {
  const date = day.format(ms);
  return date === day.format(nowMs) ? clock.format(ms) : `${date}, ${clock.format(ms)}`;
}

/** Date, time and zone, for decisions: `Wed, 1 Jul 2026, 12:00:00 UTC`. */
export const exactTimeWords = (ms: number): string => zoned.format(ms);

/** `3 s`, `2 min 5 s`, `4 h 20 min`, `3 days`. Rounded up: what is left never reads as nothing. */
export function spanWords(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / SECOND_MS));
  if (seconds < 60) return `${seconds} s`;
  if (ms < HOUR_MS) return join(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.floor(ms / MINUTE_MS);
  if (ms < DAY_MS) return join(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  return countOf(Math.floor(ms / DAY_MS), 'day');
}

const join = (large: number, largeUnit: string, small: number, smallUnit: string) =>
  `${large} ${largeUnit}${small > 0 ? ` ${small} ${smallUnit}` : ''}`;

/** What `<input type="datetime-local">` shows for a time: local, in whole seconds. */
export function localInputValue(ms: number): string {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE_MS);
  return local.toISOString().slice(0, 19);
}
