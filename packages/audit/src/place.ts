const INDEX = ',"index":0,';
const TIME = ',"time":"';

/**
 * The leaf of a staged entry: its text with the index that it got, and with the time of the record before it where its
 * own is earlier (clocks of several processes differ, and the log's time never goes back).
 *
 * The text is spliced and not made anew: within RFC 8785 text both members are found without parsing, because a quote
 * inside a string is always escaped and their order is fixed. `place.test.ts` compares with the long way.
 */
export function placeEntry(staged: string, index: number, notBefore: string): { entry: string; time: string } {
  const at = staged.indexOf(INDEX);
  const timeAt = staged.lastIndexOf(TIME) + TIME.length;
  const timeEnd = staged.indexOf('"', timeAt);
  if (at < 0 || timeAt < at || timeEnd < 0) throw new TypeError('this is no staged entry');
  const own = staged.slice(timeAt, timeEnd);
  const time = own < notBefore ? notBefore : own;
  const head = `${staged.slice(0, at)},"index":${index},${staged.slice(at + INDEX.length, timeAt)}`;
  return { entry: head + time + staged.slice(timeEnd), time };
}
