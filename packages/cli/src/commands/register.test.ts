import { expect, test } from 'vitest';
import { csv } from './register.ts';

test('H8: CSV is RFC 4180, and no cell of it is a formula', () => {
  const rows = [
    { key: 'plain', note: 'one, "two"\nthree', times: -3, over: true },
    { key: '=HYPERLINK("http://evil.example")', note: '+1', times: null, over: false },
    { key: '@SUM(A1)', note: '\tcmd', times: 0, over: null },
  ];
  expect(csv(['key', 'note', 'times', 'over'], rows)).toBe(
    [
      'key,note,times,over',
      'plain,"one, ""two""\nthree",-3,true',
      `"'=HYPERLINK(""http://evil.example"")",'+1,,false`,
      "'@SUM(A1),'\tcmd,0,",
      '',
    ].join('\r\n'),
  );
});
