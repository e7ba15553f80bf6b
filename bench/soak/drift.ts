/**
 * How much a figure grew over what was looked at, beyond what it moves by itself, in per cent of its mean; 0 where it did
 * not. By a line of least squares: its rise from the first to the last point, less twice the standard error of that rise,
 * which is larger where neighbours resemble each other (by the residuals' correlation with the one before).
 */
export function driftOf(points: readonly (readonly [at: number, value: number])[]): number {
  if (points.length < 3) throw new RangeError('a line through fewer than three points says nothing');
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [middle, level] = [mean(points.map(([at]) => at)), mean(points.map(([, value]) => value))];
  const spread = points.reduce((sum, [at]) => sum + (at - middle) ** 2, 0);
  const slope = points.reduce((sum, [at, value]) => sum + (at - middle) * (value - level), 0) / spread;
  const off = points.map(([at, value]) => value - level - slope * (at - middle));
  const left = off.reduce((sum, each) => sum + each ** 2, 0);
  const next = off.slice(1).reduce((sum, each, index) => sum + each * off[index]!, 0);
  const alike = left === 0 ? 0 : Math.min(0.9, Math.max(0, next / left));
  const error = Math.sqrt((left / (points.length - 2) / spread) * ((1 + alike) / (1 - alike)));
  const span = points.at(-1)![0] - points[0]![0];
  const rise = Math.max(0, slope - 2 * error) * span;
  return level === 0 ? 0 : Number(((rise / level) * 100).toFixed(2));
}
