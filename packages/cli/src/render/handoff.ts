import { printable, style, wrap } from '../output.ts';

// biome-ignore lint/suspicious/noExplicitAny: a hand-off as the API answers it
type Handoff = any;

/** Kinds that policy or a person has refused: they point to what the workflow may be used for. */
const REFUSED = new Set(['refused', 'denied', 'expired_approval']);

/** One hand-off on the terminal: why, what was tried, how it is done by hand, and what may be seen of what it is about. */
export function showHandoff(handoff: Handoff): void {
  const pair = (name: string, text: string) =>
    console.log(`  ${style('bold', name.padEnd(9))} ${wrap(printable(text), 12)}`);
  console.log(style('bold', `Hand-off ${handoff.id} (${handoff.kind}, ${handoff.state})`));
  pair('workflow', `${handoff.workflow}${handoff.run ? `, run ${handoff.run}` : ''}`);
  pair('why', handoff.why);
  for (const tried of handoff.tried) pair('tried', tried);
  pair('next', handoff.next);
  if (REFUSED.has(handoff.kind)) pair('use', `what it is for: /workflows/${handoff.workflow} in the console`);
  pair('since', `${handoff.created_at}, ${handoff.age_minutes} minutes`);
  pair(
    'until',
    `${handoff.due_at}${handoff.overdue ? ' (overdue)' : ''}${handoff.level > 0 ? `, level ${handoff.level}` : ''}`,
  );
  pair('whose', [handoff.group ?? 'anybody', ...(handoff.assignee ? [handoff.assignee] : [])].join(', '));
  if (handoff.procedure) {
    pair('by hand', handoff.procedure.title);
    handoff.procedure.steps.forEach((step: string, index: number) => {
      console.log(`    ${wrap(printable(`${index + 1}. ${step}`), 7)}`);
    });
  }
  part('context', handoff.context, handoff.context.withheld === true, handoff.label);
  for (const { name, label, value, withheld } of handoff.material) part(name, value, withheld, label);
  if (handoff.awaits) part('the run waits for', handoff.awaits, false, null);
}

function part(name: string, value: unknown, withheld: boolean, label: Handoff): void {
  const secrecy = label ? [label.confidentiality, ...label.categories].join(', ') : '';
  console.log(`  ${style('bold', printable(name))}${secrecy ? ` (${printable(secrecy)})` : ''}`);
  if (withheld) console.log('    withheld: you are not cleared for it');
  else for (const line of JSON.stringify(value, null, 2).split('\n')) console.log(`    ${printable(line)}`);
}
