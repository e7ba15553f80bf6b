import { printable, style } from '../output.ts';

interface Fault {
  readonly rule: string;
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** What a review found in one contract: a mark, and each fault with its fix. */
export function renderFaults(title: string, faults: readonly Fault[]): string {
  const mark = faults.length === 0 ? style('green', '✓') : style('red', '✗');
  return [
    `${mark} ${printable(title)}`,
    ...faults.flatMap(({ rule, path, message, fix }) => [
      `  ${style('yellow', rule)} ${printable(`${path}: ${message}`)}`,
      `    fix: ${printable(fix)}`,
    ]),
  ].join('\n');
}
