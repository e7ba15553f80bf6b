import { foldForTrust } from './fold.ts';

/** A moment of a calendar without zone: days since 1970-01-01, and minutes of the day where a time is given. */
interface Moment {
  readonly day: number | null;
  readonly minute: number | null;
}

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const WEEKDAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const NUMBERS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ');
const MONTH = MONTHS.flatMap((month) => [month, month.slice(0, 3)]).join('|');

const ISO = /(?<![\p{L}\p{N}-])(\d{4})-(\d{2})-(\d{2})(?![\p{N}-])/gu;
const MONTH_DAY = new RegExp(`\\b(${MONTH})\\.? (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?(?![\\p{L}\\p{N}:])`, 'gu');
const DAY_MONTH = new RegExp(
  `(?<![\\p{N}.:])(\\d{1,2})(?:st|nd|rd|th|\\.)? (?:of )?(${MONTH})\\b\\.?(?:,? (\\d{4}))?`,
  'gu',
);
/** 31.12.2024 and 31/12/2024; where both could be the month it is no date that we know. */
const NUMERIC = /(?<![\p{L}\p{N}./-])(\d{1,2})([./])(\d{1,2})\2(\d{4})(?![\p{N}-])/gu;
const CLOCK = /(?<![\p{N}:.])(\d{1,2})(?::(\d{2})(?::00)?)?\s?(am|pm|a\.m\.|p\.m\.)?(?![\p{L}\p{N}:])/gu;
const DURATION = new RegExp(
  `(?<![\\p{L}\\p{N}.])(\\d{1,3}(?:\\.5)?|an?|half an|${NUMBERS.join('|')})[ -]?(hours?|hrs?|h|minutes?|mins?|days?|weeks?)(?![\\p{L}\\p{N}])`,
  'gu',
);

/** What the trusted texts say of time. */
export interface Times {
  readonly days: ReadonlySet<number>;
  readonly minutes: ReadonlySet<number>;
  readonly durations: ReadonlySet<number>;
}

/**
 * Reads dates, times of day and durations (in minutes) out of trusted texts. `today` (ISO date) gives the year that a date
 * lacks and the meaning of `tomorrow` and of weekdays; without it such words mean nothing.
 */
export function readTimes(texts: readonly string[], today: string | null): Times {
  const days = new Set<number>();
  const minutes = new Set<number>();
  const durations = new Set<number>();
  const now = today === null ? null : dayOf(today);
  for (const original of texts) {
    const text = foldForTrust(original).text;
    for (const [, year, month, day] of text.matchAll(ISO)) add(days, dayNumber(+year!, +month!, +day!));
    for (const [, month, day, year] of text.matchAll(MONTH_DAY)) addDated(days, monthOf(month!), +day!, year, now);
    for (const [, day, month, year] of text.matchAll(DAY_MONTH)) addDated(days, monthOf(month!), +day!, year, now);
    for (const [, first, mark, second, year] of text.matchAll(NUMERIC)) {
      const isDayFirst = mark === '.' || +first! > 12;
      if (isDayFirst) add(days, dayNumber(+year!, +second!, +first!));
      else if (+second! > 12) add(days, dayNumber(+year!, +first!, +second!));
    }
    if (now !== null) addRelative(days, text, now);
    for (const [, hour, minute, half] of text.matchAll(CLOCK)) {
      if (minute !== undefined || half !== undefined) add(minutes, minuteOf(+hour!, +(minute ?? 0), half));
    }
    if (/\bnoon\b/.test(text)) minutes.add(720);
    if (/\bmidnight\b/.test(text)) minutes.add(0);
    for (const [, count, unit] of text.matchAll(DURATION)) durations.add(countOf(count!) * unitMinutes(unit!));
  }
  return { days, minutes, durations };
}

/** A value that is a date, a time, or both, in ISO notation; null for anything else. */
export function asMoment(value: string): Moment | null {
  const match = /^(?:(\d{4}-\d{2}-\d{2})(?:[T ](?=\d))?)?(?:(\d{2}):(\d{2})(?::00(?:\.0+)?)?)?Z?$/.exec(value);
  if (!match || value === '' || value === 'Z') return null;
  const day = match[1] === undefined ? null : dayOf(match[1]);
  if (match[1] !== undefined && day === null) return null;
  const minute = match[2] === undefined ? null : minuteOf(+match[2], +match[3]!, undefined);
  if (match[2] !== undefined && minute === null) return null;
  return { day, minute };
}

/** Whether a moment is what the trusted texts say: their date and time, or those and a duration of theirs later. */
export function saysMoment(moment: Moment, times: Times): boolean {
  const { day, minute } = moment;
  if (day === null) return minute !== null && times.minutes.has(minute);
  if (minute === null) return times.days.has(day);
  const starts = [0, ...times.durations];
  return starts.some((later) => {
    const start = day * 1440 + minute - later;
    return times.days.has(Math.floor(start / 1440)) && times.minutes.has(((start % 1440) + 1440) % 1440);
  });
}

/** What choosing a moment can say: any day of a century, any minute of a day. */
export function momentBits({ day, minute }: Moment): number {
  return (day === null ? 0 : 16) + (minute === null ? 0 : 11);
}

function addDated(days: Set<number>, month: number, day: number, year: string | undefined, now: number | null): void {
  if (year !== undefined) add(days, dayNumber(+year, month, day));
  else if (now !== null) add(days, dayNumber(new Date(now * DAY_MS).getUTCFullYear(), month, day));
}

function addRelative(days: Set<number>, text: string, now: number): void {
  if (/\btoday\b|\btonight\b/.test(text)) days.add(now);
  if (/\btomorrow\b/.test(text)) days.add(now + 1);
  if (/\byesterday\b/.test(text)) days.add(now - 1);
  for (const [weekday, name] of WEEKDAYS.entries()) {
    if (!new RegExp(`\\b${name}\\b`).test(text)) continue;
    const ahead = (weekday - new Date(now * DAY_MS).getUTCDay() + 7) % 7;
    // `Next Friday` means either of two.
    days.add(now + ahead);
    if (new RegExp(`\\bnext ${name}\\b`).test(text)) days.add(now + ahead + 7);
  }
}

const DAY_MS = 86_400_000;
const monthOf = (name: string) => MONTHS.findIndex((month) => month.startsWith(name.slice(0, 3))) + 1;
const countOf = (word: string) =>
  word === 'a' || word === 'an' ? 1 : word === 'half an' ? 0.5 : NUMBERS.includes(word) ? NUMBERS.indexOf(word) : +word;

function unitMinutes(unit: string): number {
  if (unit.startsWith('h')) return 60;
  if (unit.startsWith('m')) return 1;
  return unit.startsWith('d') ? 1440 : 10_080;
}

function add(into: Set<number>, value: number | null): void {
  if (value !== null) into.add(value);
}

function dayOf(iso: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso);
  return match ? dayNumber(+match[1]!, +match[2]!, +match[3]!) : null;
}

function dayNumber(year: number, month: number, day: number): number | null {
  const time = Date.UTC(year, month - 1, day);
  const date = new Date(time);
  const isReal = year >= 1000 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isReal ? time / DAY_MS : null;
}

function minuteOf(hour: number, minute: number, half: string | undefined): number | null {
  if (minute > 59) return null;
  if (half === undefined) return hour <= 23 ? hour * 60 + minute : null;
  if (hour < 1 || hour > 12) return null;
  return ((hour % 12) + (half.startsWith('p') ? 12 : 0)) * 60 + minute;
}
