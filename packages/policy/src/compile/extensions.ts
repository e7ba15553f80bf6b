import { EvaluationFault } from './fault.ts';
import { DatetimeValue, DecimalValue, DurationValue, type ExtensionValue, IpValue } from './values.ts';

const LONG_MAX = 2n ** 63n - 1n;
const LONG_MIN = -(2n ** 63n);

export function inRange(exact: bigint, what: string): bigint {
  if (exact > LONG_MAX || exact < LONG_MIN) throw new EvaluationFault(`${what} overflows`);
  return exact;
}

const malformed = (what: string) => new EvaluationFault(`not a ${what}`);

/** `1.0` to four digits behind the point, in 64 bits of ten-thousandths. */
function decimal(text: string): DecimalValue {
  const match = /^(-?)([0-9]+)\.([0-9]{1,4})$/.exec(text);
  if (match === null) throw malformed('decimal');
  const units = BigInt(match[2]! + match[3]!.padEnd(4, '0'));
  return new DecimalValue(inRange(match[1] === '-' ? -units : units, 'the decimal'));
}

const UNITS_MS = [86_400_000n, 3_600_000n, 60_000n, 1000n, 1n] as const;

/** `1d2h3m4s5ms`, each part at most once and in this order, at least one. */
function duration(text: string): DurationValue {
  const match = /^(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/.exec(text);
  if (match === null || match.slice(2).every((part) => part === undefined)) throw malformed('duration');
  const sign = match[1] === '-' ? -1n : 1n;
  let ms = 0n;
  UNITS_MS.forEach((unit, index) => {
    const part = match[index + 2];
    // The sum runs on one side of zero, so that a step beyond 64 bits never comes back.
    if (part !== undefined) ms = inRange(ms + sign * BigInt(part) * unit, 'the duration');
  });
  return new DurationValue(ms);
}

/** A day, or a time to the second or millisecond with `Z` or `±hhmm`. */
function datetime(text: string): DatetimeValue {
  const match =
    /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?(?:Z|([+-])([0-9]{2})([0-9]{2})))?$/.exec(
      text,
    );
  if (match === null) throw malformed('datetime');
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(part) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) throw malformed('datetime');
  if (hour > 23 || minute > 59 || second > 59 || part(9) > 23 || part(10) > 59) throw malformed('datetime');
  const offset = (part(9) * 60 + part(10)) * 60_000 * (match[8] === '-' ? -1 : 1);
  return new DatetimeValue(BigInt(date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + part(7) - offset));
}

const IP_CHARS_MAX = 43;

/** An IPv4 or IPv6 address, with a prefix or as a single address. IPv4 inside IPv6 is refused, as in Cedar. */
function ip(text: string): IpValue {
  if (text.length > IP_CHARS_MAX) throw malformed('ip');
  const [address = '', prefixText, ...more] = text.split('/');
  if (more.length > 0) throw malformed('ip');
  const bits = address.includes(':') ? ipv6(address) : ipv4(address);
  const width = address.includes(':') ? 128 : 32;
  if (prefixText !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(prefixText)) throw malformed('ip');
  const prefix = prefixText === undefined ? width : Number(prefixText);
  if (prefix > width) throw malformed('ip');
  return new IpValue(width, bits, prefix);
}

function ipv4(text: string): bigint {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256))
    throw malformed('ip');
  return parts.reduce((bits, part) => bits * 256n + BigInt(part), 0n);
}

function ipv6(text: string): bigint {
  const halves = text.split('::');
  if (halves.length > 2) throw malformed('ip');
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const given = groups.reduce((count, half) => count + half.length, 0);
  const valid = groups.every((half) => half.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group)));
  // `::` stands for at least one group.
  if (!valid || (halves.length === 1 ? given !== 8 : given > 7)) throw malformed('ip');
  const [head = [], tail = []] = groups;
  const all = [...head, ...Array<string>(8 - given).fill('0'), ...tail];
  return all.reduce((bits, group) => bits * 65_536n + BigInt(`0x${group}`), 0n);
}

/** The functions that make extension values from texts. */
export const CONSTRUCTORS: Readonly<Record<string, (text: string) => ExtensionValue>> = {
  decimal,
  duration,
  datetime,
  ip,
};

/** Lowest and highest address of an ip's range. */
function rangeOf(of: IpValue): readonly [bigint, bigint] {
  const span = 2n ** BigInt(of.width - of.prefix);
  const low = (of.address / span) * span;
  return [low, low + span - 1n];
}

export function isInRange(a: IpValue, b: IpValue): boolean {
  if (a.width !== b.width) return false;
  const [low, high] = rangeOf(a);
  const [from, to] = rangeOf(b);
  return from <= low && high <= to;
}

export function isLoopback(of: IpValue): boolean {
  return of.width === 32 ? of.address >> 24n === 127n && of.prefix >= 8 : of.address === 1n && of.prefix >= 128;
}

export function isMulticast(of: IpValue): boolean {
  return of.width === 32
    ? of.address >> 28n === 0xen && of.prefix >= 4
    : of.address >> 120n === 0xffn && of.prefix >= 8;
}

const DAY_MS = 86_400_000n;

/** Milliseconds into the day; never negative. */
export function timeOfDay(of: DatetimeValue): bigint {
  const rest = of.ms % DAY_MS;
  return rest < 0n ? rest + DAY_MS : rest;
}

export function dateOf(of: DatetimeValue): DatetimeValue {
  return new DatetimeValue(inRange(of.ms - timeOfDay(of), 'the datetime'));
}
