import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { detectPersonal, findPersonal, resolveOverlaps } from './detect-personal.ts';
import { CERTAINTY, PERSONAL_KINDS, type PersonalSpan } from './kinds.ts';

const found = (text: string) => findPersonal(text).map(({ kind, start, end }) => `${kind}:${text.slice(start, end)}`);
const details = (text: string) => findPersonal(text).map(({ detail }) => detail);

describe('D9: found', () => {
  test.each([
    ['email', 'an: jörg.müller@straße.example', 'jörg.müller@straße.example'],
    ['email', 'mail to anna.keller+x@mail.corp.example, please', 'anna.keller+x@mail.corp.example'],
    ['card', 'card 4111-1111-1111-1111.', '4111-1111-1111-1111'],
    ['card', 'amex 378282246310005', '378282246310005'],
    ['card', 'card 2223003122003222', '2223003122003222'],
    ['iban', 'IBAN: DE89 3704 0044 0532 0130 00 and more', 'DE89 3704 0044 0532 0130 00'],
    ['iban', 'gb82west12345698765432', 'gb82west12345698765432'],
    ['iban', 'NO93 8601 1117 947', 'NO93 8601 1117 947'],
    ['phone', 'call +49 (0)30 901820', '+49 (0)30 901820'],
    ['phone', 'Tel: 020 7946 0958', '020 7946 0958'],
    ['phone', 'reach me at (555) 201-4433 x12', '(555) 201-4433 x12'],
    ['ip_address', 'from 84.12.7.201:443', '84.12.7.201'],
    ['ip_address', 'peer fe80::1ff:fe23:4567:890a up', 'fe80::1ff:fe23:4567:890a'],
    ['mac_address', 'eth0 00:1B:44:11:3A:B7', '00:1B:44:11:3A:B7'],
    ['url', 'see https://a.example/x?y=1).', 'https://a.example/x?y=1'],
    ['domain', 'the site is portal.corp.com today', 'portal.corp.com'],
    ['birth_date', 'born on 12 March 1984 in Bonn', '12 March 1984'],
    ['birth_date', 'DOB: 1984-03-12', '1984-03-12'],
    ['account_number', 'account number: 00123456789', '00123456789'],
    ['routing_number', 'routing no 021000021', '021000021'],
    ['address', 'He lives at 12 Long Acre Road, London', '12 Long Acre Road, London'],
    ['address', 'Kurfürstendamm 21', 'Kurfürstendamm 21'],
    ['name', 'Dear Mr. Quirin Zabel, hello', 'Quirin Zabel'],
    ['name', 'Name: Zoran Quill\n', 'Zoran Quill'],
    ['name', 'ask Maria Gonzalez about it', 'Maria Gonzalez'],
    ['crypto_wallet', 'to 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'],
    ['crypto_wallet', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4', 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'],
    ['secret', 'token ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'],
    ['secret', 'password: hunter2!x', 'hunter2!x'],
    ['secret', 'value tHi5Is9aRand0mT0kenW1thLotsOfB1ts', 'tHi5Is9aRand0mT0kenW1thLotsOfB1ts'],
  ])('%s in %s', (kind, text, value) => {
    expect(
      found(text).some((each) => each.startsWith(`${kind}:`) && each.includes(value)),
      found(text).join(' | '),
    ).toBe(true);
  });

  test.each([
    ['us-ssn', '536-32-3065'],
    ['uk-nino', 'AB123456C'],
    ['uk-nhs', 'NHS 943 476 5919'],
    ['de-steuer-id', 'Steuer-ID 86 095 742 719'],
    ['fr-nir', '1 84 12 76 451 089 46'],
    ['es-dni', '12345678Z'],
    ['es-nie', 'X1234567L'],
    ['it-codice-fiscale', 'RSSMRA85T10A562S'],
    ['nl-bsn', 'BSN 111222333'],
    ['pl-pesel', '44051401359'],
    ['se-personnummer', '811228-9874'],
    ['in-aadhaar', '2341 2341 2346'],
    ['br-cpf', '529.982.247-25'],
    ['ca-sin', '130 692 544'],
    ['fi-hetu', '131052-308T'],
    ['be-rijksregister', '85.07.30-033.28'],
    ['ch-ahv', '756.9217.0769.85'],
    ['cn-resident-id', '11010519491231002X'],
  ])('identity number %s: %s, and not with another check', (detail, text) => {
    expect(details(text)).toContain(detail);
    if (['us-ssn', 'uk-nino'].includes(detail)) return;
    const last = text.at(-1)!;
    const other = /\d/.test(last) ? String((Number(last) + 1) % 10) : last === 'A' ? 'B' : 'A';
    expect(details(text.slice(0, -1) + other)).not.toContain(detail);
  });
});

describe('D9: not taken for personal', () => {
  test.each([
    'Version 1.2.3.4 of 2024-05-15 10:00:00, 3 of 12, total 1,234.56',
    'Order 4111111111111112 was shipped in 2019-2023.',
    'The password is incorrect. Reset your password.',
    'C:\\Windows\\System32\\svchost.exe -k netsvcs',
    'sha256 of the file is long',
    'const total = items.reduce((sum, item) => sum + item.price, 0);',
    '',
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

test('D9: secretlint’s rules join in, over long texts too, and leave no marks in the performance timeline', async () => {
  const key = `aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE`;
  const text = `${'word '.repeat(30_000)}${key}`;
  const before = performance.getEntriesByType('mark').length;
  const spans = await detectPersonal(text);
  expect(spans.map(({ kind, start, end }) => [kind, text.slice(start, end)])).toContainEqual([
    'secret',
    key.slice(-40),
  ]);
  expect(performance.getEntriesByType('mark').length).toBe(before);
});

test('D9: overlaps are resolved the same way whatever the order: the surer, then the longer', () => {
  const spans = fc.array(
    fc
      .record({
        kind: fc.constantFrom(...PERSONAL_KINDS),
        certainty: fc.constantFrom(...CERTAINTY),
        start: fc.nat(30),
        length: fc.integer({ min: 1, max: 9 }),
      })
      .map(
        ({ kind, certainty, start, length }): PersonalSpan => ({
          kind,
          detail: kind,
          certainty,
          start,
          end: start + length,
        }),
      ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(spans, (given) => {
      const kept = resolveOverlaps(given);
      expect(resolveOverlaps(given.toReversed())).toEqual(kept);
      kept.forEach((each, index) => {
        if (index > 0) expect(each.start).toBeGreaterThanOrEqual(kept[index - 1]!.end);
      });
      for (const each of given) {
        const rivals = kept.filter(({ start, end }) => start < each.end && each.start < end);
        expect(rivals.some((rival) => CERTAINTY.indexOf(rival.certainty) <= CERTAINTY.indexOf(each.certainty))).toBe(
          true,
        );
      }
    }),
  );
});

test('D9: spans lie inside any text, and the same text gives the same spans', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      const spans = findPersonal(text);
      expect(findPersonal(text)).toEqual(spans);
      for (const { start, end } of spans) expect(start >= 0 && start < end && end <= text.length).toBe(true);
    }),
  );
});

test.each([
  'a',
  '1',
  '1 ',
  '1-',
  '.',
  'a.',
  '@',
  'a@',
  '+',
  'Aa ',
  'Anna ',
  'A. ',
  'my name is ',
  'address is 1 ',
  ':',
  'f:',
  '://a:',
  '/',
  '-----BEGIN PRIVATE KEY-----',
  'eyJa',
  '=',
  'DE12',
  '0x1',
  'password ',
  ' ',
])('stays linear on hostile text: %s', (part) => {
  const of = (size: number) => {
    const text = part.repeat(Math.ceil(size / part.length));
    const started = performance.now();
    findPersonal(text);
    return performance.now() - started;
  };
  of(10_000);
  expect(of(200_000)).toBeLessThan(6000);
});
