/** A share in thousandths, in hundredths with one place behind the point: as people read it. */
export function percentOf(per_mille: number): string {
  return `${Math.floor(per_mille / 10)}.${per_mille % 10}%`;
}
