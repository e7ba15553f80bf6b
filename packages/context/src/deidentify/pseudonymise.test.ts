import { isIP } from 'node:net';
import type { Json } from '@portreeve/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryPseudonymVault, pseudonymVaultContract } from '../testing/index.ts';
import { ibanValid, luhn } from './checksums.ts';
import { findPersonal } from './detect-personal.ts';
import { pseudonymise } from './pseudonymise.ts';
import { restore, restoreStream } from './restore.ts';

pseudonymVaultContract('memory', async () => ({ vault: memoryPseudonymVault() }));

const KEY = Buffer.alloc(32, 7);
const setUp = (scope = 'run-1') => ({ vault: memoryPseudonymVault(), scope, key: KEY });
const ALL = { allowed: () => true };

const VALUES = [
  'anna.keller@corp.example',
  'ANNA.KELLER@corp.example',
  '4111 1111 1111 1111',
  '4111111111111111',
  'DE89 3704 0044 0532 0130 00',
  'GB82WEST12345698765432',
  '+49 30 901820',
  '536-32-3065',
  '84.12.7.201',
  '2a02:8070::1a2b',
  '00:1B:44:11:3A:B7',
  'https://portal.corp.example/u/17?x=1',
  'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
  '0x52908400098527886E0F7030069857D2E4169EE7',
  '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2',
];
const raw = fc.constantFrom(...VALUES);
const words = fc.constantFrom(
  'please',
  'send',
  'ü',
  '😀',
  'to',
  '"x"',
  '\\',
  '\n',
  '{',
  'Ends.',
  '№',
  '42',
  'p',
  '+99',
  'ZZ',
  'h',
);
const sentence = fc.array(fc.oneof(raw, words), { maxLength: 8 }).map((parts) => parts.join(' '));
const json = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    sentence,
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.array(tie('node'), { maxLength: 4 }) as fc.Arbitrary<Json>,
    fc.dictionary(fc.oneof(fc.constantFrom('to', 'note', 'a@b.example', '__proto__', ''), words), tie('node'), {
      maxKeys: 4,
      noNullPrototype: true,
    }) as fc.Arbitrary<Json>,
  ),
})).node;

describe('pseudonyms', () => {
  test('D9: what was replaced comes back exactly, whatever the nesting; keys stay', async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const options = setUp();
        const { value: hidden } = await pseudonymise(value, options);
        expect((await restore(hidden, { ...options, ...ALL })).value).toEqual(value);
        expect(keysOf(hidden)).toEqual(keysOf(value));
      }),
      { numRuns: 150 },
    );
  });

  test('D9: no value that was found remains anywhere in the output', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sentence, { maxLength: 6 }), async (texts) => {
        const options = setUp();
        const { value: hidden } = await pseudonymise(texts, options);
        const found = texts.flatMap((text) => findPersonal(text).map(({ start, end }) => text.slice(start, end)));
        for (const value of found) expect(hidden.join('\n')).not.toContain(value);
      }),
      { numRuns: 150 },
    );
  });

  test('D9: stable over turns, fields and order; a second pass changes nothing', async () => {
    const options = setUp();
    const first = await pseudonymise({ mail: 'Mail anna.keller@corp.example' }, options);
    const second = await pseudonymise(['4111 1111 1111 1111', `cc anna.keller@corp.example`], options);
    const pseudonym = (first.value as { mail: string }).mail.slice(5);
    expect((second.value as string[])[1]).toBe(`cc ${pseudonym}`);
    const again = await pseudonymise(first.value, options);
    expect(again).toEqual({ value: first.value, replaced: {}, present: 1 });
  });

  test('D9: what was found by context in one place is replaced where it has none', async () => {
    const { value } = await pseudonymise(
      ['Dear Mr. Quirin Zabel, welcome.', 'The file of Quirin Zabel.', 'Zabelstein'],
      setUp(),
    );
    expect(value[0]).toMatch(/^Dear Mr\. Person_\w+, welcome\.$/);
    expect(value[1]).toBe(`The file of ${/Person_\w+/.exec(value[0]!)![0]}.`);
    expect(value[2]).toBe('Zabelstein');
  });

  test('D9: spellings of one subject share their first part and come back each as it was', async () => {
    const options = setUp();
    const text = 'anna@corp.example or ANNA@corp.example; 4111 1111 1111 1111 or 4111111111111111';
    const { value } = await pseudonymise(text, options);
    const [lower, upper] = value.match(/p\w+\.\w+@/g)!;
    expect(lower).not.toBe(upper);
    expect(lower!.slice(0, 11)).toBe(upper!.slice(0, 11));
    expect((await restore(value, { ...options, ...ALL })).value).toBe(text);
  });

  test('D9: another scope or key gives another pseudonym', async () => {
    const texts = await Promise.all(
      [setUp(), setUp('run-2'), { ...setUp(), key: Buffer.alloc(32, 8) }].map(
        async (options) => (await pseudonymise('anna@corp.example', options)).value,
      ),
    );
    expect(new Set(texts).size).toBe(3);
  });

  test('D9: the key of a field is context, and a number that is personal is hidden and comes back a number', async () => {
    const options = setUp();
    const record = {
      phone: '0494 92 82 32',
      customerName: 'Zoran Quill',
      password: 'hunter2!x',
      card: 4111111111111111,
      count: 12345,
    };
    const { value } = await pseudonymise(record, options);
    expect(JSON.stringify(value)).not.toMatch(/0494|Zoran|Quill|hunter2|4111/);
    expect(value.count).toBe(12345);
    expect((await restore(value, { ...options, ...ALL })).value).toEqual(record);
  });

  test('D9: forms are kept where something downstream checks them, in ranges that are nobody’s', async () => {
    const { value } = await pseudonymise(VALUES, setUp());
    const by = Object.fromEntries(VALUES.map((text, index) => [text, (value as string[])[index]!]));
    expect(by['anna.keller@corp.example']).toMatch(/^p[a-z0-9.]+@pseudonym\.invalid$/);
    const card = by['4111111111111111']!;
    expect(card).toMatch(/^9999\d{12}$/);
    expect(luhn(card)).toBe(true);
    const iban = by.GB82WEST12345698765432!;
    expect(iban).toMatch(/^ZZ\d{18}$/);
    expect(ibanValid(iban)).toBe(true);
    expect(by['+49 30 901820']).toMatch(/^\+999\d{11}$/);
    expect(isIP(by['84.12.7.201']!)).toBe(4);
    expect(by['84.12.7.201']).toMatch(/^2[45]\d\./);
    expect(isIP(by['2a02:8070::1a2b']!)).toBe(6);
    expect(by['2a02:8070::1a2b']).toMatch(/^2001:db8:/);
    expect(by['00:1B:44:11:3A:B7']).toMatch(/^06(:\d\d){5}$/);
    expect(new URL(by['https://portal.corp.example/u/17?x=1']!).host).toBe('pseudonym.invalid');
  });

  test('D9: a pseudonym taken by another value is not used again', async () => {
    const first = setUp();
    const { value } = await pseudonymise('anna@corp.example', first);
    const second = setUp();
    await second.vault.add(second.scope, [
      { pseudonym: value, kind: 'email', value: 'bob@corp.example', numeric: false },
    ]);
    const other = await pseudonymise('anna@corp.example', second);
    expect(other.value).not.toBe(value);
    expect((await restore(other.value, { ...second, ...ALL })).value).toBe('anna@corp.example');
  });

  test('a short key is refused, and so is a value nested without end', async () => {
    await expect(pseudonymise('x', { ...setUp(), key: Buffer.alloc(16) })).rejects.toThrow('32 bytes');
    let deep: Json = 'x';
    for (let level = 0; level < 300; level++) deep = [deep];
    await expect(pseudonymise(deep, setUp())).rejects.toThrow('200 levels');
  });

  test('D9: a recogniser that fails hands nothing on', async () => {
    const others = [{ recognise: () => Promise.reject(new Error('down')) }];
    await expect(pseudonymise('hello', { ...setUp(), others })).rejects.toThrow('down');
  });
});

describe('restoring', () => {
  test('D9: only the allowed kinds, only in their scope, and erased ones never', async () => {
    const options = setUp();
    const { value } = await pseudonymise('anna@corp.example 4111111111111111', options);
    const some = await restore(value, { ...options, allowed: ({ kind }: { kind: string }) => kind === 'email' });
    expect(some.value).toMatch(/^anna@corp\.example 9999\d{12}$/);
    expect([some.restored, some.withheld]).toEqual([{ email: 1 }, { card: 1 }]);
    expect((await restore(value, { ...options, allowed: () => false })).value).toBe(value);
    expect((await restore(value, { ...options, scope: 'run-2', ...ALL })).value).toBe(value);
    await options.vault.erase(options.scope);
    expect((await restore(value, { ...options, ...ALL })).value).toBe(value);
  });

  test('D9: a stream gives the same wherever it is split: every single byte position', async () => {
    const options = setUp();
    const text = `Grüße 😀 an ${VALUES.join(' und ')}, p+99ZZ9999h`;
    const { value } = await pseudonymise(text, options);
    const bytes = Buffer.from(value);
    for (let at = 0; at <= bytes.length; at++) {
      const stream = await restoreStream({ ...options, ...ALL, as: 'text' });
      expect(
        stream.push(bytes.subarray(0, at)) + stream.push(bytes.subarray(at)) + stream.end(),
        `split at ${at}`,
      ).toBe(text);
    }
  });

  test('D9: and in any number of pieces', async () => {
    await fc.assert(
      fc.asyncProperty(sentence, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (text, sizes) => {
        const options = setUp();
        const { value } = await pseudonymise(text, options);
        const bytes = Buffer.from(value);
        const stream = await restoreStream({ ...options, ...ALL, as: 'text' });
        let out = '';
        for (let at = 0, index = 0; at < bytes.length; index++) {
          const size = sizes[index % sizes.length]!;
          out += stream.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(out + stream.end()).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  test('D9: no piece of a stream shows a part of a pseudonym that is then restored', async () => {
    const options = setUp();
    const { value } = await pseudonymise('to anna@corp.example now', options);
    const stream = await restoreStream({ ...options, ...ALL, as: 'text' });
    const shown = [...value].map((character) => stream.push(character));
    expect(shown.filter((piece) => piece !== '')).toEqual(['t', 'o', ' ', 'anna@corp.example', ' ', 'n', 'o', 'w']);
    expect(stream.end()).toBe('');
    expect(() => stream.push('x')).toThrow('ended');
  });

  test('D9: streamed tool arguments stay JSON, whatever the value holds', async () => {
    const options = setUp();
    const value = 'quote " back \\ line \n end';
    await options.vault.add(options.scope, [{ pseudonym: 'SECRET_abc', kind: 'secret', value, numeric: false }]);
    const stream = await restoreStream({ ...options, ...ALL, as: 'json' });
    const out = stream.push('{"to":"SECR') + stream.push('ET_abc!"}') + stream.end();
    expect(JSON.parse(out)).toEqual({ to: `${value}!` });
  });
});

function keysOf(value: Json): unknown {
  if (value === null || typeof value !== 'object') return null;
  return Array.isArray(value)
    ? value.map(keysOf)
    : Object.entries(value).map(([key, each]) => [key, keysOf(each as Json)]);
}
