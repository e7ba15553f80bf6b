import { demandsText, type Json } from '@portreeve/contract';
import { printable, style, wrap } from '../output.ts';
import { renderPreview } from './preview.ts';
import { NO_LEAVES, renderValue } from './value.ts';

// biome-ignore lint/suspicious/noExplicitAny: the approval view of the API
type View = any;

/** All that an approver must see (requirement F3), whole: what will be done, where each value came from, and why it is asked. */
export function renderApproval(view: View): string {
  const { approval, tool } = view;
  const out: string[] = [];
  const line = (text = '') => out.push(text);
  const pair = (name: string, text: string) => line(`  ${style('bold', name.padEnd(10))} ${wrap(printable(text), 13)}`);

  line(style('bold', printable(`Approval ${approval.id} (${approval.state})`)));
  pair('action', `${tool.name} ${tool.version}: ${tool.description}`);
  pair(
    'risk',
    `action tier ${tool.tier}, ${tool.effect} effect, ${tool.reversible ? 'can be undone' : 'cannot be undone'}; workflow ${view.workflow.name}, risk tier ${view.workflow.tier}`,
  );
  pair(
    'asked by',
    `${view.requester.name}${view.requester.act.map((actor: View) => `, through ${actor.id}`).join('')}`,
  );
  pair('rationale', view.rationale);
  pair(
    'why you',
    view.decision.reasons.map((reason: View) => `${reason.text} [${reason.layer}/${reason.rule}]`).join(' '),
  );
  const needed = [
    ...(approval.demands.length > 0 ? [demandsText(approval.demands)] : []),
    ...(approval.confirm_by ? [`confirmed by who it is done for (${approval.confirm_by})`] : []),
  ];
  pair('needed', `${needed.join(', and ')} until ${approval.expires_at}`);
  pair(
    'seen',
    `made from data that is ${view.influence.integrity} and ${view.influence.confidentiality}${view.influence.categories.length > 0 ? ` (${view.influence.categories.join(', ')})` : ''}`,
  );
  for (const { source, kind, count, positions, score } of view.findings) {
    const where = positions.slice(0, 5).join(', ');
    pair('noticed', `${source}: ${kind}${score === undefined ? '' : ` ${score}/1000`} (${count}) in item ${where}`);
  }
  pair('if denied', view.on_denial);
  line();
  line(style('bold', 'Exactly this will be sent:'));
  const kindByPath = new Map<string, View>(view.provenance.map((leaf: View) => [leaf.path, leaf]));
  renderValue(view.args, '', 2, kindByPath, out);
  if (view.narrowed) {
    line();
    line(
      style('bold', `Policy narrowed it (${view.narrowed.profiles.map(printable).join(', ')}); this was asked for:`),
    );
    renderValue(view.narrowed.asked, '', 2, NO_LEAVES, out);
  }
  if (view.amends) {
    const by = view.amends.by.map(printable).join(', ');
    line();
    line(style('bold', `A reviewer (${by}) amended it; ${printable(view.amends.approval)} asked for this:`));
    renderValue(view.amends.asked, '', 2, NO_LEAVES, out);
  }
  if (view.amended_by) line(`\nIt was amended: ${printable(view.amended_by)} took its place.`);
  renderPreview(view.preview ?? null, out);
  renderPassages(view.arguments ?? [], out);
  line();
  line(style('bold', `The evidence that it cites (${view.evidence.length}):`));
  for (const item of view.evidence) {
    line(`  ${style('cyan', printable(item.id))} ${printable(item.source)}, item ${item.position}`);
    for (const [name, value] of Object.entries(item.fields)) {
      line(`      ${printable(name)}: ${wrap(printable(textOf(value as Json)), 8 + name.length)}`);
    }
  }
  line();
  line(`${style('bold', 'digest')} ${printable(view.digest)}`);
  return out.join('\n');
}

const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Where the values came from, as the source has it: what stands around them, and what was noticed there. */
function renderPassages(args: readonly View[], out: string[]): void {
  const shown = args.filter((argument) => argument.passages.length > 0);
  if (shown.length === 0) return;
  out.push('', style('bold', 'Where it stands in what was read:'));
  for (const { path, passages } of shown) {
    for (const { origin, at, before, text, after, findings } of passages) {
      const noticed = findings.length > 0 ? style('yellow', `  (noticed: ${findings.map(printable).join(', ')})`) : '';
      out.push(
        `  ${printable(path)} ${style('dim', '←')} ${style('cyan', printable(origin))} ${printable(at)}${noticed}`,
      );
      out.push(`      …${wrap(`${printable(before)}${style('bold', printable(text))}${printable(after)}`, 6)}…`);
    }
  }
}
