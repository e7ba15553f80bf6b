import { PortreeveError } from '@portreeve/contract';
import type { Release } from './bundle.ts';
import { AREAS, type ReleaseChange } from './diff/change.ts';
import { componentChanges } from './diff/components.ts';
import { modelChanges, sourceChanges, toolChanges, workflowChanges } from './diff/contracts.ts';
import { decisionChanges } from './diff/decisions.ts';
import { fileChanges } from './diff/texts.ts';

export type { Area, ReleaseChange } from './diff/change.ts';

/**
 * What changes from one release of a workflow to another, in words: rights, rules, data, models, prompts, code (requirement
 * H2). What loosens is marked; where that cannot be told it is marked too. Empty: they are the same. Throws `bad_request`
 * for releases of two workflows, and `release_broken` where the policies of one do not load.
 */
export function diffReleases(before: Release, after: Release): ReleaseChange[] {
  const [was, is] = [before.manifest, after.manifest];
  if (was.contract.name !== is.contract.name)
    throw new PortreeveError(
      'bad_request',
      `One is a release of ${was.contract.name}, the other of ${is.contract.name}: they cannot be compared.`,
      { next: 'Name two releases of one workflow.' },
    );
  const portreeve: ReleaseChange[] =
    was.portreeve === is.portreeve
      ? []
      : [
          {
            ...{ area: 'components', text: `the core of Portreeve from ${was.portreeve} to ${is.portreeve}` },
            ...{ loosens: false, lines: [] },
          },
        ];
  const changes = [
    ...workflowChanges(was, is),
    ...toolChanges(was, is),
    ...sourceChanges(was, is),
    ...modelChanges(was, is),
    ...decisionChanges(before, after),
    ...fileChanges(before, after, [...(was.contract.planted ?? []), ...(is.contract.planted ?? [])]),
    ...portreeve,
    ...componentChanges(before.sbom, after.sbom),
  ];
  return changes.sort((a, b) => AREAS.indexOf(a.area) - AREAS.indexOf(b.area));
}
