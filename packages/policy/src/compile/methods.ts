import { dateOf, inRange, isInRange, isLoopback, isMulticast, timeOfDay } from './extensions.ts';
import { EvaluationFault } from './fault.ts';
import { toLong } from './long.ts';
import { DatetimeValue, DecimalValue, DurationValue, IpValue, type Value } from './values.ts';

type Class<T> = abstract new (...parts: never[]) => T;

function as<T>(type: Class<T>, value: Value): T {
  if (!(value instanceof (type as Class<object>))) throw new EvaluationFault('type error: another extension type');
  return value as T;
}

const decimals = (apply: (left: bigint, right: bigint) => boolean) => (left: Value, right: Value) =>
  apply(as(DecimalValue, left).units, as(DecimalValue, right).units);
const inUnits = (unitMs: bigint) => (of: Value) => toLong(as(DurationValue, of).ms / unitMs);

/** Methods of extension types, by name; their `length` is how many operands they take. */
export const METHODS: Readonly<Record<string, (left: Value, right: Value) => Value>> = {
  lessThan: decimals((left, right) => left < right),
  lessThanOrEqual: decimals((left, right) => left <= right),
  greaterThan: decimals((left, right) => left > right),
  greaterThanOrEqual: decimals((left, right) => left >= right),
  isIpv4: (of) => as(IpValue, of).width === 32,
  isIpv6: (of) => as(IpValue, of).width === 128,
  isLoopback: (of) => isLoopback(as(IpValue, of)),
  isMulticast: (of) => isMulticast(as(IpValue, of)),
  isInRange: (left, right) => isInRange(as(IpValue, left), as(IpValue, right)),
  offset: (left, right) =>
    new DatetimeValue(inRange(as(DatetimeValue, left).ms + as(DurationValue, right).ms, 'the datetime')),
  durationSince: (left, right) =>
    new DurationValue(inRange(as(DatetimeValue, left).ms - as(DatetimeValue, right).ms, 'the duration')),
  toDate: (of) => dateOf(as(DatetimeValue, of)),
  toTime: (of) => new DurationValue(timeOfDay(as(DatetimeValue, of))),
  toMilliseconds: inUnits(1n),
  toSeconds: inUnits(1000n),
  toMinutes: inUnits(60_000n),
  toHours: inUnits(3_600_000n),
  toDays: inUnits(86_400_000n),
};

/** Methods that cannot fail on operands of the right type. */
export const TOTAL_METHODS: ReadonlySet<string> = new Set([
  'lessThan',
  'lessThanOrEqual',
  'greaterThan',
  'greaterThanOrEqual',
  'isIpv4',
  'isIpv6',
  'isLoopback',
  'isMulticast',
  'isInRange',
]);
