/**
 * How surprising it is that `hits` of the `drawn` are of a kind, where `kind` of all `total` are and every choice of the
 * drawn is as likely as any other: Fisher's exact test, two-sided as twice the smaller tail. Exact for every size of
 * sample, so what it promises about false alarms needs no large numbers.
 */
export function exactTest(table: { hits: number; drawn: number; kind: number; total: number }): number {
  const { hits, drawn, kind, total } = table;
  const low = Math.max(0, drawn + kind - total);
  const high = Math.min(drawn, kind);
  if (hits < low || hits > high) throw new RangeError('no such table');
  const at = (x: number) => Math.exp(logChoose(kind, x) + logChoose(total - kind, drawn - x) - logChoose(total, drawn));
  let below = 0;
  for (let x = hits; x >= low; x--) {
    const p = at(x);
    below += p;
    if (p < below * 1e-18) break;
  }
  let above = 0;
  for (let x = hits; x <= high; x++) {
    const p = at(x);
    above += p;
    if (p < above * 1e-18) break;
  }
  return Math.min(1, 2 * Math.min(below, above));
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Sums of logarithms, kept: exact to the last digits, and as long as the largest sample that was asked for. */
const kept: number[] = [0];
function logFactorial(n: number): number {
  for (let next = kept.length; next <= n; next++) kept.push(kept[next - 1]! + Math.log(next));
  return kept[n]!;
}
