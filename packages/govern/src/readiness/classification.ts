import {
  actsOn,
  type Finding,
  fail,
  few,
  hasProcedure,
  notApplicable,
  pass,
  type ReadinessInput,
  WORKFLOW_FILE,
} from './item.ts';

/** A1: a tier whose defaults nothing loosens. */
export function tier({ contract, looser }: ReadinessInput): Finding {
  if (looser.length === 0) return pass(`${contract.tier}, and nothing is less strict than that`);
  return fail(few(looser), 'policies/', 'Restore what the tier asks for: `portreeve policy lint` names each rule.');
}

/** A2: data and actions are rated, each by itself. */
export function rated({ tools, sources }: ReadinessInput): Finding {
  if (tools.length + sources.length === 0) return notApplicable('it reads no source and uses no tool');
  const contradicting = sources.find(
    ({ confidentiality, categories }) => confidentiality === 'public' && categories.length > 0,
  );
  if (contradicting)
    return fail(
      `the source ${contradicting.name} is called public, and holds ${contradicting.categories.join(', ')} data`,
      'sources.ts',
      `${contradicting.name}: confidentiality: 'internal', or higher`,
    );
  const blind = actsOn(tools).find(({ sinks }) => sinks.length === 0);
  if (blind)
    return fail(
      `the tool ${blind.name} acts, and none of its arguments is said to decide who, where, how much or what leaves`,
      'tools.ts',
      `${blind.name}: sinks: [{ path: '/…', kind: 'target' }, { path: '/…', kind: 'payload' }]`,
    );
  const levels = [...new Set(sources.map(({ confidentiality }) => confidentiality))].join(', ');
  const tiers = [...new Set(tools.map((tool) => tool.tier))].sort().join(', ');
  return pass(`data: ${levels || 'none'}; actions: ${tiers === '' ? 'none' : `tier ${tiers}`}`);
}

/** A3: what it may touch is named. */
export function scope({ contract }: ReadinessInput): Finding {
  const { sources, tools, prompts } = contract.scope;
  if (sources.length + tools.length + prompts.length === 0)
    return fail(
      'the scope is empty, so every step of it is refused',
      WORKFLOW_FILE,
      'sources: [...], tools: [...], prompts: [...]',
    );
  return pass(`${sources.length} sources, ${tools.length} tools, ${prompts.length} prompts; all else is refused`);
}

/** A4: each step has a kind, and a final decision is a person's, who knows how to make it. */
export function steps({ contract, prompts }: ReadinessInput): Finding {
  if (prompts.length === 0) return notApplicable('it asks no model');
  const undecided = prompts.find(({ id, final }) => final && !hasProcedure(contract, id));
  if (undecided)
    return fail(
      `${undecided.id} is a final decision, which a person makes, and nobody has written how`,
      WORKFLOW_FILE,
      `procedures: { '${undecided.id}': { title: '…', steps: ['…'], group: '…' } }`,
    );
  return pass(prompts.map(({ id, step, final }) => `${id}: ${step}${final ? ', final: a person’s' : ''}`).join('; '));
}
