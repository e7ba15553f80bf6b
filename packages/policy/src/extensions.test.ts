import { expect, test } from 'vitest';
import { CONSTRUCTORS } from './compile/extensions.ts';
import { EvaluationFault } from './compile/fault.ts';
import { METHODS } from './compile/methods.ts';
import { likePattern } from './compile/pattern.ts';
import { DatetimeValue, DecimalValue, DurationValue, IpValue, type Value } from './compile/values.ts';
import { DATES, DECIMALS, DURATIONS, IPS } from './testing/generate.ts';
import { OracleError, type OracleValue } from './testing/oracle.ts';
import { oracleCall } from './testing/oracle-extensions.ts';

/** Texts beside the ones that are generated, most of them not quite of the type. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  decimal: [
    ...DECIMALS,
    '1',
    '1.',
    '.5',
    '+1.0',
    '1e3',
    '00001.1',
    '--1.0',
    '922337203685477.5808',
    '-922337203685477.5808',
    '-922337203685477.5809',
    '1.0 ',
    '',
  ],
  duration: [
    ...DURATIONS,
    '',
    '-',
    '1',
    'd',
    '1h1d',
    '1d1d',
    '9223372036854775807ms',
    '9223372036854775808ms',
    '-1d1h',
    '1D',
    '+1d',
    ' 1d',
    '1ms1s',
    '106751991168d',
  ],
  datetime: [
    ...DATES,
    '2023-02-29',
    '2100-02-29',
    '2000-02-29',
    '2024-13-01',
    '2024-00-01',
    '2024-04-31',
    '2024-01-01T24:00:00Z',
    '2024-01-01T23:60:00Z',
    '2024-01-01T23:59:60Z',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00.1Z',
    '2024-01-01T00:00:00.123Z',
    '2024-01-01T00:00:00+2400',
    '2024-01-01T00:00:00+0060',
    '2024-01-01T00:00:00.999-2359',
    '2024-1-1',
    '20240101',
    '2024-01-01Z',
    '2024-01-01T00:00:00z',
    '',
    '0001-01-01',
    '2024-01-01T00:00:00+01:00',
  ],
  ip: [
    ...IPS,
    '1.2.3.4/33',
    '01.2.3.4',
    '1.2.3.4/08',
    '1.2.3.4/00',
    '::',
    '1::2::3',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '1:2:3:4::5:6:7:8',
    '::ffff:1.2.3.4',
    'fe80::1%eth0',
    '1.2.3.4/',
    '/8',
    '::1/129',
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '12345::',
    'ABCD::ef/64',
    '1.2.3.4/32/1',
    ' 1.2.3.4',
    '::1/0128',
    'g::',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '127.255.255.255',
    '126.255.255.255/8',
    '128.0.0.1',
    '::2',
    '239.1.1.1',
    '240.0.0.1',
    'feff::/8',
  ],
};

function told(value: Value): unknown {
  if (value instanceof DecimalValue) return { is: 'decimal', units: value.units };
  if (value instanceof DatetimeValue) return { is: 'datetime', ms: value.ms };
  if (value instanceof DurationValue) return { is: 'duration', ms: value.ms };
  if (value instanceof IpValue)
    return { is: 'ip', bits: value.address.toString(2).padStart(value.width, '0'), prefix: value.prefix };
  if (typeof value === 'boolean') return { is: 'bool', bool: value };
  return { is: 'long', long: BigInt(value as number) };
}

function attempt<T>(make: () => T): T | 'error' {
  try {
    return make();
  } catch (error) {
    if (error instanceof EvaluationFault || error instanceof OracleError) return 'error';
    throw error;
  }
}

const bothOf = (fn: string, text: string) => ({
  text,
  compiled: attempt(() => CONSTRUCTORS[fn]!(text)),
  reference: attempt(() => oracleCall(fn, [{ is: 'string', string: text }])),
});

test.each(Object.keys(TEXTS))('C8: the texts that are a %s, and what they say', (fn) => {
  const made = TEXTS[fn]!.map((text) => bothOf(fn, text));
  for (const { text, compiled, reference } of made)
    expect(compiled === 'error' ? compiled : told(compiled), text).toEqual(reference);
  const failed = made.filter(({ compiled }) => compiled === 'error').length;
  expect(failed).toBeGreaterThan(3);
  expect(made.length - failed).toBeGreaterThan(3);
});

const values = Object.entries(TEXTS).flatMap(([fn, texts]) => texts.map((text) => bothOf(fn, text)));
const made = values.filter(
  (value): value is typeof value & { compiled: Exclude<(typeof value)['compiled'], 'error'>; reference: OracleValue } =>
    value.compiled !== 'error' && value.reference !== 'error',
);

test.each(Object.keys(METHODS))('C8: the method %s of every value with every value', (name) => {
  const method = METHODS[name]!;
  for (const a of made)
    for (const b of method.length === 2 ? made : [a]) {
      const compiled = attempt(() => told(method(a.compiled, b.compiled)));
      const reference = attempt(() =>
        oracleCall(name, method.length === 2 ? [a.reference, b.reference] : [a.reference]),
      );
      // The matcher is slow, so that it only words a difference.
      if (text(compiled) !== text(reference)) expect(compiled, `${a.text} ${name} ${b.text}`).toEqual(reference);
    }
});

const text = (value: unknown) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));

test('C8: like, for every pattern of up to five parts and every text of up to five characters', () => {
  const words = (letters: readonly string[], length: number): string[][] =>
    length === 0 ? [[]] : words(letters, length - 1).flatMap((word) => letters.map((letter) => [...word, letter]));
  const upTo5 = (letters: readonly string[]) => [0, 1, 2, 3, 4, 5].flatMap((length) => words(letters, length));
  const texts = upTo5(['a', 'b']).map((word) => word.join(''));
  for (const pattern of upTo5(['*', 'a', 'b'])) {
    const matches = likePattern(pattern.map((part) => (part === '*' ? 'Wildcard' : { Literal: part })));
    const expected = new RegExp(`^${pattern.map((part) => (part === '*' ? '.*' : part)).join('')}$`);
    for (const word of texts)
      if (matches(word) !== expected.test(word)) expect.fail(`${word} like ${pattern.join('')}`);
  }
  const star = likePattern([{ Literal: 'a' }, { Literal: '*' }]);
  expect([star('a*'), star('ab')]).toEqual([true, false]);
});
