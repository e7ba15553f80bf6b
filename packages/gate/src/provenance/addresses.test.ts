import { expect, test } from 'vitest';
import { carriesAddress, isPassage } from './addresses.ts';

test.each([
  'www.secure-systems-252.com',
  'see secure-systems-252.com now',
  'ｗｗｗ．evil．com',
  'evil\u200b.com',
  'еvil.com',
  'evil[.]com',
  'evil (dot) com',
  'evil dot com',
  'evil。com',
  'w w w . e v i l',
  'hxxps://evil',
  'mark at evil dot example',
  'mark@evil.example',
  'call +49 (30) 123 4567',
  'account US13 3000 0012 1212',
  'US133000000121212121212',
  'the code is 463820',
  'one three three zero zero',
  'aHR0cHM6Ly9ldmls',
  'Q2hhcmxpZQ==',
  '<a href=x>',
  '[read](x)',
  '%68%74%74%70',
  'see keys.txt',
])('D6: “%s” carries an address', (text) => {
  expect(carriesAddress(text)).toBe(true);
});

test.each([
  'Solar power grows.',
  'Olivia Smith: 4\n-Mia Anderson: 2\n-Mason Thompson: 3',
  'We meet on 2024-05-20 at 10:00, or on 21.05.2024.',
  "Grandma's house",
  'Thanks! See you at 8 AM.',
  'Refund',
  'Größe und Maß: 100 g, 2 Eier',
  'It costs 98.70 in total.',
])('D6: “%s” carries none', (text) => {
  expect(carriesAddress(text)).toBe(false);
});

test('prose is five words, or several lines', () => {
  expect(
    ['Riverside View Hotel', 'new_password', 'a b c d e f', 'milk\n- butter', 'this is a text to read'].map(isPassage),
  ).toEqual([false, false, false, true, true]);
});
