import type { Principal, StampingRules } from '@portreeve/contract';
import { figuresBy } from '@portreeve/govern';
import { type CountedDecision, decisionsOf, type Span } from './governance/decisions.ts';
import { plantedFigures } from './governance/planted-figures.ts';
import type { Services } from './services.ts';

type Needs = Pick<Services, 'audit' | 'oversight' | 'workflows'>;

/** Who sees how everybody decides, and what is planted to test them. */
export const oversees = ({ roles }: Principal): boolean => roles.some((role) => role === 'auditor' || role === 'admin');

/** Whose decisions somebody sees: all, or their own and those on the workflows whose owners they are of. */
function mayBeSeenBy(reader: Principal, { workflows }: Needs): (decision: CountedDecision) => boolean {
  if (oversees(reader)) return () => true;
  const owned = new Set(
    workflows
      .filter(({ definition }) =>
        Object.values(definition.contract.owners).some((group) => reader.groups.includes(group)),
      )
      .map(({ definition }) => definition.contract.name),
  );
  return ({ reviewer, workflow }) => reviewer === reader.id || owned.has(workflow);
}

/** How people decide (requirement H7), as far as the reader may see it; every figure names the records that it is of. */
export async function oversightReport(services: Needs, reader: Principal, span: Span, rules: StampingRules) {
  const { counted, unreadable, cut } = await decisionsOf(services, span);
  const tests = oversees(reader) ? await plantedFigures(services, span, counted) : null;
  const visible = counted.filter(mayBeSeenBy(reader, services));
  return {
    ...span,
    rules,
    decisions: visible.length,
    unreadable,
    cut: cut || tests?.cut === true,
    teams: figuresBy(visible, ({ teams }) => teams, rules),
    reviewers: figuresBy(visible, ({ reviewer }) => [reviewer], rules),
    kinds: figuresBy(visible, ({ kind }) => [kind], rules),
    planted: tests?.planted ?? null,
    planted_by: tests?.planted_by ?? null,
  };
}
