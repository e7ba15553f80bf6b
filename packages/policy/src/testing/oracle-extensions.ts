import { OracleError, type OracleValue } from './oracle.ts';

export type OracleExtension =
  | { readonly is: 'decimal'; readonly units: bigint }
  | { readonly is: 'datetime'; readonly ms: bigint }
  | { readonly is: 'duration'; readonly ms: bigint }
  /** `bits`: the address as 32 or 128 characters of 0 and 1. */
  | { readonly is: 'ip'; readonly bits: string; readonly prefix: number };

const bad = (what: string): never => {
  throw new OracleError(`not a ${what}`);
};

function fits(value: bigint): bigint {
  return value === BigInt.asIntN(64, value) ? value : bad('64-bit number');
}

const isDigits = (text: string) => text !== '' && [...text].every((digit) => digit >= '0' && digit <= '9');

function decimal(text: string): OracleValue {
  const negative = text.startsWith('-');
  const [whole, fraction, ...more] = (negative ? text.slice(1) : text).split('.');
  if (more.length > 0 || !isDigits(whole!) || fraction === undefined || !isDigits(fraction) || fraction.length > 4)
    return bad('decimal');
  const units = BigInt(whole!) * 10_000n + BigInt(fraction) * 10n ** BigInt(4 - fraction.length);
  return { is: 'decimal', units: fits(negative ? -units : units) };
}

function duration(text: string): OracleValue {
  const negative = text.startsWith('-');
  let rest = negative ? text.slice(1) : text;
  let ms = 0n;
  if (rest === '') return bad('duration');
  for (const [unit, size] of [
    ['d', 86_400_000n],
    ['h', 3_600_000n],
    ['m', 60_000n],
    ['s', 1000n],
    ['ms', 1n],
  ] as const) {
    let length = 0;
    while (length < rest.length && isDigits(rest[length]!)) length++;
    let end = length;
    while (end < rest.length && !isDigits(rest[end]!)) end++;
    if (length === 0 || rest.slice(length, end) !== unit) continue;
    ms += BigInt(rest.slice(0, length)) * size;
    rest = rest.slice(end);
  }
  if (rest !== '') return bad('duration');
  return { is: 'duration', ms: fits(negative ? -ms : ms) };
}

const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysOfMonth = (year: number, month: number) =>
  [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;

/** Days from 1970-01-01, counted year by year from the year 0. */
function daysSince1970(year: number, month: number, day: number): number {
  let days = -719_528;
  for (let at = 0; at < year; at++) days += isLeap(at) ? 366 : 365;
  for (let at = 1; at < month; at++) days += daysOfMonth(year, at);
  return days + day - 1;
}

function datetime(text: string): OracleValue {
  const number = (from: number, to: number) => {
    const digits = text.slice(from, to);
    return digits.length === to - from && isDigits(digits) ? Number(digits) : bad('datetime');
  };
  const mark = (at: number, sign: string) => (text[at] === sign ? undefined : bad('datetime'));
  const year = number(0, 4);
  mark(4, '-');
  const month = number(5, 7);
  mark(7, '-');
  const day = number(8, 10);
  if (month < 1 || month > 12 || day < 1 || day > daysOfMonth(year, month)) return bad('datetime');
  let ms = BigInt(daysSince1970(year, month, day)) * 86_400_000n;
  if (text.length === 10) return { is: 'datetime', ms };
  mark(10, 'T');
  mark(13, ':');
  mark(16, ':');
  const [hour, minute, second] = [number(11, 13), number(14, 16), number(17, 19)];
  if (hour > 23 || minute > 59 || second > 59) return bad('datetime');
  ms += BigInt(hour * 3600 + minute * 60 + second) * 1000n;
  let at = 19;
  if (text[at] === '.') {
    ms += BigInt(number(20, 23));
    at = 23;
  }
  if (text[at] === 'Z') return text.length === at + 1 ? { is: 'datetime', ms } : bad('datetime');
  if ((text[at] !== '+' && text[at] !== '-') || text.length !== at + 5) return bad('datetime');
  const [hours, minutes] = [number(at + 1, at + 3), number(at + 3, at + 5)];
  if (hours > 23 || minutes > 59) return bad('datetime');
  const shift = BigInt(hours * 60 + minutes) * 60_000n;
  return { is: 'datetime', ms: text[at] === '+' ? ms - shift : ms + shift };
}

const binary = (value: number, width: number) => value.toString(2).padStart(width, '0');

function ip(text: string): OracleValue {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const bits = address.includes(':') ? bitsOfIpv6(address) : bitsOfIpv4(address);
  if (slash < 0) return { is: 'ip', bits, prefix: bits.length };
  const prefix = text.slice(slash + 1);
  if (!isDigits(prefix) || prefix !== String(Number(prefix)) || Number(prefix) > bits.length) return bad('ip');
  return { is: 'ip', bits, prefix: Number(prefix) };
}

function bitsOfIpv4(address: string): string {
  const parts = address.split('.');
  const valid = parts.every((part) => isDigits(part) && part === String(Number(part)) && Number(part) <= 255);
  return parts.length === 4 && valid ? parts.map((part) => binary(Number(part), 8)).join('') : bad('ip');
}

function bitsOfIpv6(address: string): string {
  const expand = (part: string) => (part === '' ? [] : part.split(':'));
  const at = address.indexOf('::');
  let groups = expand(address);
  if (at >= 0) {
    const [head, tail] = [expand(address.slice(0, at)), expand(address.slice(at + 2))];
    if (head.length + tail.length > 7) return bad('ip');
    groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  }
  const isHex = (group: string) =>
    group.length >= 1 &&
    group.length <= 4 &&
    [...group.toLowerCase()].every((digit) => '0123456789abcdef'.includes(digit));
  return groups.length === 8 && groups.every(isHex)
    ? groups.map((group) => binary(Number.parseInt(group, 16), 16)).join('')
    : bad('ip');
}

type Of<Is extends OracleValue['is']> = Extract<OracleValue, { is: Is }>;

function as<Is extends OracleValue['is']>(is: Is, value: OracleValue | undefined): Of<Is> {
  return value?.is === is ? (value as Of<Is>) : bad(is);
}

const DAY = 86_400_000n;

/** A function of an extension type, by its name. */
export function oracleCall(name: string, args: readonly OracleValue[]): OracleValue {
  const [first, second] = args;
  const bool = (value: boolean): OracleValue => ({ is: 'bool', bool: value });
  const long = (value: bigint): OracleValue => ({ is: 'long', long: value });
  switch (name) {
    case 'decimal':
      return decimal(as('string', first).string);
    case 'datetime':
      return datetime(as('string', first).string);
    case 'duration':
      return duration(as('string', first).string);
    case 'ip':
      return ip(as('string', first).string);
    case 'lessThan':
      return bool(as('decimal', first).units < as('decimal', second).units);
    case 'lessThanOrEqual':
      return bool(as('decimal', first).units <= as('decimal', second).units);
    case 'greaterThan':
      return bool(as('decimal', first).units > as('decimal', second).units);
    case 'greaterThanOrEqual':
      return bool(as('decimal', first).units >= as('decimal', second).units);
    case 'isIpv4':
      return bool(as('ip', first).bits.length === 32);
    case 'isIpv6':
      return bool(as('ip', first).bits.length === 128);
    case 'isLoopback': {
      const { bits, prefix } = as('ip', first);
      if (bits.length === 32) return bool(bits.startsWith('01111111') && prefix >= 8);
      return bool(bits === '1'.padStart(128, '0') && prefix === 128);
    }
    case 'isMulticast': {
      const { bits, prefix } = as('ip', first);
      const head = bits.length === 32 ? '1110' : '11111111';
      return bool(bits.startsWith(head) && prefix >= head.length);
    }
    case 'isInRange': {
      const [inner, outer] = [as('ip', first), as('ip', second)];
      const network = outer.bits.slice(0, outer.prefix);
      return bool(
        inner.bits.length === outer.bits.length && inner.prefix >= outer.prefix && inner.bits.startsWith(network),
      );
    }
    case 'offset':
      return { is: 'datetime', ms: fits(as('datetime', first).ms + as('duration', second).ms) };
    case 'durationSince':
      return { is: 'duration', ms: fits(as('datetime', first).ms - as('datetime', second).ms) };
    case 'toDate':
    case 'toTime': {
      const { ms } = as('datetime', first);
      const time = ((ms % DAY) + DAY) % DAY;
      return name === 'toTime' ? { is: 'duration', ms: time } : { is: 'datetime', ms: fits(ms - time) };
    }
    case 'toMilliseconds':
      return long(as('duration', first).ms);
    case 'toSeconds':
      return long(as('duration', first).ms / 1000n);
    case 'toMinutes':
      return long(as('duration', first).ms / 60_000n);
    case 'toHours':
      return long(as('duration', first).ms / 3_600_000n);
    case 'toDays':
      return long(as('duration', first).ms / DAY);
  }
  throw new Error(`the oracle does not know ${name}`);
}
