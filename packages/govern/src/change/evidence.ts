import type { Clock, Digest, FieldError } from '@portreeve/contract';
import { evidenceDigests, gapsOf } from '../release/gaps.ts';
import type { ReleaseStore } from '../release/ports.ts';
import type { StoredChange } from './ports.ts';

/** What was run anew for a workflow that a change touches. */
export interface ChangeEvidence {
  readonly workflow: string;
  /** What runs of it; null: nothing does, so that there is nothing to run. */
  readonly release: Digest | null;
  /** The reports that count: on exactly this release, and begun since the change was opened. */
  readonly reports: readonly Digest[];
  readonly lacks: readonly FieldError[];
}

export interface EvidenceDeps {
  readonly store: Pick<ReleaseStore, 'get' | 'evidence'>;
  readonly clock: Clock;
  readonly evidence_hours_max: number;
}

/**
 * Whether the tests and the red team of everything that a change touches were run again (requirement H2): of a release its
 * own; of what is in force those of each release that runs with it, since it was changed.
 */
export async function evidenceOf(
  deps: EvidenceDeps,
  { kind, subject, workflows, opened_at }: Pick<StoredChange, 'kind' | 'subject' | 'workflows' | 'opened_at'>,
  inForce: (workflow: string) => Digest | null,
): Promise<ChangeEvidence[]> {
  const since = kind === 'release' ? 0 : Date.parse(opened_at);
  const of = (workflow: string) => (kind === 'release' ? (subject as Digest) : inForce(workflow));
  return Promise.all(
    workflows.map(async (workflow): Promise<ChangeEvidence> => {
      const release = of(workflow);
      const found = release === null ? null : await deps.store.get(release);
      if (release === null || !found) return { workflow, release, reports: [], lacks: release === null ? [] : NOWHERE };
      const evidence = (await deps.store.evidence(release)).filter(({ started }) => Date.parse(started) >= since);
      const running = inForce(workflow);
      const replaces = running === null ? null : ((await deps.store.get(running))?.contract ?? null);
      const judged = { now: deps.clock.now(), hours_max: deps.evidence_hours_max, unreviewed: [], replaces };
      return { workflow, release, reports: evidenceDigests(evidence), lacks: gapsOf(found.contract, evidence, judged) };
    }),
  );
}

const NOWHERE: readonly FieldError[] = [{ path: 'release', message: 'what runs is not in the register' }];
