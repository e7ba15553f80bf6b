import type { Decision } from '@portreeve/contract';
import { printable, short, style } from '../output.ts';

/** An explanation as the server gives it: of a proposal with what is on record, or of a request in a file. */
interface Explained {
  readonly recorded?: { readonly outcome: string; readonly phase: string; readonly policy_version: string };
  readonly same_policy?: boolean;
  readonly decision: Decision;
  readonly layers: readonly {
    readonly layer: string;
    readonly effect: string;
    readonly errors: readonly string[];
    readonly rules: readonly {
      readonly id: string;
      readonly file: string;
      readonly line: number;
      readonly text: string;
    }[];
  }[];
  readonly changes: readonly { readonly attribute: string; readonly to: string; readonly outcome: string }[];
}

/** Per outcome at most so many changes are listed; `--json` has all. */
const SHOWN_MAX = 12;

export function explanationLines({ recorded, same_policy, decision, layers, changes }: Explained): string[] {
  const lines: string[] = [];
  if (recorded)
    lines.push(
      `${style('bold', printable(recorded.outcome))} on record (${printable(recorded.phase)}, policy ${short(recorded.policy_version)})`,
    );
  if (same_policy === false)
    lines.push(
      style(
        'yellow',
        `The policy has changed since: what follows is what the one in force says (${short(decision.policy_version)}).`,
      ),
    );
  lines.push(`${style('bold', decision.outcome)} by the policy in force`, '');
  for (const { layer, effect, errors, rules } of layers) {
    lines.push(`${layer.padEnd(12)} ${effect}`);
    for (const error of errors) lines.push(`    ${printable(error)}`);
    for (const { id, file, line, text } of rules) {
      lines.push(`    ${printable(id)}  ${style('dim', `${printable(file)}:${line}`)}`);
      for (const row of ruleBody(text)) lines.push(`      ${printable(row)}`);
    }
  }
  lines.push(
    '',
    ...decision.reasons.map(({ code, text }) => `why   ${printable(text)} [${code}]`),
    `next  ${printable(decision.next)}`,
    '',
  );
  if (changes.length === 0) lines.push('No single attribute that these rules look at would change it.');
  else lines.push('It would change with one attribute alone:');
  for (const { attribute, to, outcome } of changes.slice(0, SHOWN_MAX))
    lines.push(`  ${outcome.padEnd(8)} if ${printable(attribute)} were ${printable(to)}`);
  if (changes.length > SHOWN_MAX) lines.push(`  … and ${changes.length - SHOWN_MAX} more (--json shows all)`);
  return lines;
}

/** The rule without its annotations, which the reasons tell. */
const ruleBody = (text: string) =>
  text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('@'));
