import type { Fault } from '@portreeve/server';
import { printable, style } from '../output.ts';

/** A fault with its place in front, as editors and terminals link it, and its fix behind. */
export function faultLines({ file, line, severity, message, fix }: Fault): string[] {
  const place = file === null ? '' : `${printable(file)}${line === null ? '' : `:${line}`}: `;
  const colour = severity === 'error' ? 'red' : 'yellow';
  return [`${place}${style(colour, severity)}: ${printable(message)}`, `  ${style('cyan', 'fix:')} ${printable(fix)}`];
}
