import { printable, style, wrap } from '../output.ts';
import { renderChange } from './preview.ts';
import { NO_LEAVES, renderValue } from './value.ts';

// biome-ignore lint/suspicious/noExplicitAny: a definition as the API answers it
type View = any;

/** All that a reviewer must see before a tool of an upstream may be used (requirement H2), whole. */
export function renderDefinition(view: View): string {
  const { upstream, tool, definition, state, seen_at, decided_by, reason, changes, findings, contract, why } = view;
  const out: string[] = [];
  const pair = (name: string, text: string) =>
    out.push(`  ${style('bold', name.padEnd(10))} ${wrap(printable(text), 13)}`);
  out.push(style('bold', printable(`${upstream} ${tool} (${state})`)));
  pair('digest', definition);
  pair('seen', seen_at);
  if (decided_by) pair('decided', `by ${decided_by}: ${reason}`);
  pair('found', findings.length === 0 ? 'nothing, which proves nothing' : findings.join(', '));
  if (contract) {
    pair('governed', governedAs(contract));
    pair('acts on', contract.sinks.map(({ path, kind }: View) => `${path} (${kind})`).join(', ') || 'no argument');
  } else pair('governed', `not: ${why}`);
  if (changes) out.push(style('bold', 'What changes against the definition in use:'), ...changes.map(renderChange));
  out.push(style('bold', 'As it is shown to models:'));
  renderValue(view.body, '', 2, NO_LEAVES, out);
  return out.join('\n');
}

const governedAs = ({ name, tier, effect, destructive, egress, clearance }: View): string =>
  [
    `${name}, action tier ${tier}, ${effect} effect`,
    ...(destructive ? ['destructive'] : []),
    ...(egress ? ['a way out'] : []),
    `may be sent what is ${clearance.confidentiality}`,
  ].join(', ');
