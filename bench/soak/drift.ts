/**
 * How much a figure grew over what was looked at, beyond what it moves by itself, in per cent of its mean; 0 where it did
 * not. By a line of least squares: its rise from the first to the last point, less twice the standard error of that rise.
 */
export function driftOf(points: readonly (readonly [at: number, value: number])[]): number {
  if (points.length < 3) throw new RangeError('a line through fewer than three points says nothing');
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [middle, level] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const spread = points.reduce((sum, [at]) => sum + (at - middle) ** 2, 0);
  const slope = points.reduce((sum, [at, value]) => sum + (at - middle) * (value - level), 0) / spread;
  const left = points.reduce((sum, [at, value]) => sum + (value - level - slope * (at - middle)) ** 2, 0);
  const error = Math.sqrt(left / (points.length - 2) / spread);
  const span = points.at(-1)![0] - points[0]![0];
  const rise = Math.max(0, slope - 2 * error) * span;
  return level === 0 ? 0 : Number(((rise / level) * 100).toFixed(2));
}
