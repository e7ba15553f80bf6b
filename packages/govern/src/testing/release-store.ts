import type { Digest, ReleaseState } from '@portreeve/contract';
import type { ReleaseMove, ReleaseStore, StoredEvidence, StoredRelease } from '../release/ports.ts';
import { behind } from './behind.ts';

/** By a moment, and what is of one moment by its digest. */
function newestFirst<Row>(rows: readonly Row[], placeOf: (row: Row) => readonly [at: string, id: Digest]): Row[] {
  return rows.toSorted((a, b) => {
    const [[at, id], [otherAt, otherId]] = [placeOf(a), placeOf(b)];
    return at === otherAt ? (id < otherId ? -1 : 1) : at < otherAt ? 1 : -1;
  });
}

/** A register in memory. */
export function memoryReleaseStore(): ReleaseStore & { snapshot(): () => void } {
  let found = new Map<Digest, StoredRelease>();
  let bundles = new Map<Digest, string>();
  let moved: ReleaseMove[] = [];
  let attached: { readonly evidence: StoredEvidence; readonly text: string }[] = [];
  return {
    snapshot() {
      const before = { found: new Map(found), bundles: new Map(bundles), moved, attached };
      return () => {
        ({ found, bundles, moved, attached } = before);
      };
    },
    async insert(_tx, release, bundle) {
      const before = found.get(release.release);
      const adds = bundle !== null && !bundles.has(release.release);
      if (before && !adds) return false;
      const bytes = bundle === null ? (before?.bytes ?? null) : Buffer.byteLength(bundle);
      const { origin, signed_by } = release;
      found.set(release.release, before ? { ...before, origin, signed_by, bytes } : { ...release, bytes });
      if (bundle !== null) bundles.set(release.release, bundle);
      return true;
    },
    get: async (release) => found.get(release) ?? null,
    bundle: async (release) => bundles.get(release) ?? null,
    list: async ({ workflow, state, limit = 500, after }) =>
      behind(
        newestFirst([...found.values()], ({ added_at, release }) => [added_at, release]),
        after,
        ({ release }) => release,
      )
        .filter((each) => workflow === undefined || each.workflow === workflow)
        .filter((each) => state === undefined || each.state === state)
        .slice(0, limit),
    lock: async (_tx, workflow) =>
      [...found.values()].filter((each) => each.workflow === workflow).sort((a, b) => (a.release < b.release ? -1 : 1)),
    async move(_tx, move) {
      const { release, proposal, to } = move;
      if (proposal !== null && moved.some((each) => each.proposal === proposal && each.release === release))
        return false;
      const before = found.get(release);
      if (!before) throw new TypeError(`there is no release ${release}`);
      const others = [...found.values()].filter((each) => each.workflow === before.workflow && each !== before);
      if (to === 'production' && others.some(({ state }) => state === 'production'))
        throw new TypeError('one release of a workflow is in production');
      if (before.state === 'barred' && to !== 'barred') throw new TypeError('a barred release stays barred');
      found.set(release, { ...before, state: to });
      moved = [...moved, move];
      return true;
    },
    moves: async (release) => moved.filter((move) => move.release === release),
    async wereInProduction(workflow) {
      const of = moved.filter(({ release, to }) => to === 'production' && found.get(release)?.workflow === workflow);
      return [...new Set(of.reverse().map(({ release }) => release))];
    },
    stateIn: async (_tx, release): Promise<ReleaseState | null> => found.get(release)?.state ?? null,
    async standing() {
      const at = (state: ReleaseState) => [...found.values()].filter((each) => each.state === state);
      return {
        production: new Map(at('production').map(({ workflow, release }) => [workflow, release])),
        barred: new Set(at('barred').map(({ release }) => release)),
      };
    },
    async attach(_tx, evidence, text) {
      if (attached.some((each) => each.evidence.evidence === evidence.evidence)) return false;
      attached = [{ evidence, text }, ...attached];
      return true;
    },
    evidence: async (release) =>
      attached.map(({ evidence }) => evidence).filter((evidence) => evidence.release === release),
    reports: async ({ workflow, kind, limit = attached.length, after }) =>
      behind(
        newestFirst(
          attached.map(({ evidence }) => evidence),
          ({ attached_at, evidence }) => [attached_at, evidence],
        ),
        after,
        ({ evidence }) => evidence,
      )
        .filter((each) => (workflow ?? each.workflow) === each.workflow && (kind ?? each.kind) === each.kind)
        .slice(0, limit),
    report: async (digest) => attached.find(({ evidence }) => evidence.evidence === digest)?.text ?? null,
  };
}
