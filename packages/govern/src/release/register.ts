import type { KeyObject } from 'node:crypto';
import {
  type AuditWriter,
  actorOf,
  type Clock,
  type Digest,
  digestOfText,
  draft,
  type FieldError,
  isPortreeveError,
  PortreeveError,
  type Principal,
  type RecordActor,
  type RecordData,
  type ReleaseReport,
  SYSTEM_ACTOR,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import type { ChangeStore } from '../change/ports.ts';
import type { PilotStore } from '../pilot/ports.ts';
import { type OpenedRelease, readBundle } from './bundle.ts';
import { gapsOf, newestEvidence } from './gaps.ts';
import type { ReleaseManifest } from './manifest.ts';
import { moveRelease } from './move.ts';
import type { ReleaseStore, StoredEvidence, StoredRelease } from './ports.ts';
import { type OpenedReport, openReport } from './report.ts';

/** What moving a release needs. */
export interface MovingDeps {
  readonly store: ReleaseStore;
  readonly pilots: PilotStore;
  readonly changes: ChangeStore;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly evidence_hours_max: number;
}

export interface ReleasesDeps extends MovingDeps {
  /** Public keys whose signatures count, by their ids. */
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** The workflows that this installation runs. */
  readonly workflows: readonly string[];
}

/** The register of releases: what there is, what is known of it, and where it stands (requirement H1). */
export type Releases = ReturnType<typeof createReleases>;

export function createReleases(deps: ReleasesDeps) {
  const { store, audit, uow, clock, keys } = deps;

  /**
   * Takes a bundle into the register. Throws `bad_signature` where no trusted key has signed it, `release_broken`,
   * `unknown_workflow`. The same bundle again changes nothing.
   */
  async function add(text: string, by: Principal): Promise<StoredRelease> {
    const opened = await orTurnedAway('bundle', text, by, () => trusted(readBundle(text, keys)));
    const { id, manifest, signed_by } = opened;
    const found = storedOf(manifest, id, { origin: 'bundle', bytes: Buffer.byteLength(text), signed_by, by: by.id });
    return taken(found, text, actorOf(by));
  }

  /** What a server was started with, which is in nobody's bundle. */
  async function register(manifest: ReleaseManifest, release: Digest): Promise<StoredRelease> {
    const found = storedOf(manifest, release, { origin: 'folder', bytes: null, signed_by: [], by: SYSTEM_ACTOR.id });
    return taken(found, null, SYSTEM_ACTOR);
  }

  function trusted(opened: OpenedRelease): OpenedRelease {
    const { name } = opened.manifest.contract;
    if (opened.signed_by.length === 0) throw untrusted(opened.signatures, keys.size);
    if (!deps.workflows.includes(name))
      throw new PortreeveError('unknown_workflow', `This installation runs no workflow ${name}.`, {
        next: 'Name its folder under `workflows` of portreeve.config.ts, and start the server again.',
      });
    return opened;
  }

  function storedOf(
    { contract, portreeve }: ReleaseManifest,
    release: Digest,
    { by, ...how }: Pick<StoredRelease, 'origin' | 'bytes' | 'signed_by'> & { readonly by: string },
  ): StoredRelease {
    return {
      ...{ release, workflow: contract.name, version: contract.version, contract, portreeve },
      ...{ ...how, state: 'added', added_by: by, added_at: clock.now().toISOString() },
    };
  }

  async function taken(found: StoredRelease, bundle: string | null, actor: RecordActor): Promise<StoredRelease> {
    const { workflow, release, version, portreeve, origin, signed_by, bytes } = found;
    await uow.transaction(async (tx) => {
      if (!(await store.insert(tx, found, bundle))) return;
      await audit.append(tx, [
        draft({
          type: 'release.added',
          actor,
          refs: { workflow, release },
          outcome: origin,
          data: { workflow, release, version, portreeve, origin, signed_by: [...signed_by], bytes },
        }),
      ]);
    });
    return get(release);
  }

  /** Throws `not_found`. */
  async function get(release: string): Promise<StoredRelease> {
    const found = await store.get(release as Digest);
    if (!found)
      throw new PortreeveError('not_found', `There is no release ${release} in the register.`, {
        next: 'Add its bundle: `portreeve release add FILE`.',
      });
    return found;
  }

  /**
   * Attaches a sealed report to the release that it is about. Throws `bad_signature` where no trusted key has signed it,
   * `digest_mismatch` for a report on another release, `conflict` for one that is too old.
   */
  async function attest(release: Digest, text: string, by: Principal): Promise<StoredEvidence> {
    const { workflow } = await get(release);
    const { report, evidence, signed_by } = await orTurnedAway('evidence', text, by, () =>
      fitting(openReport(text, keys), release, workflow),
    );
    const { cases, ...said } = report;
    const stored: StoredEvidence = {
      ...{ ...said, release, evidence, cases: cases.length, signed_by },
      ...{ attached_by: by.id, attached_at: clock.now().toISOString() },
    };
    await uow.transaction(async (tx) => {
      if (!(await store.attach(tx, stored, text))) return;
      const { kind, ok, figures, ended } = stored;
      await audit.append(tx, [
        draft({
          type: 'release.evidence',
          actor: actorOf(by),
          refs: { workflow, release },
          outcome: ok ? 'passed' : 'failed',
          data: {
            ...{ workflow, release, evidence, kind, ok, figures: { ...figures } },
            ...{ cases: cases.length, ended, signed_by: [...signed_by] },
          },
        }),
      ]);
    });
    return stored;
  }

  function fitting(opened: OpenedReport, release: Digest, workflow: string): OpenedReport {
    const { report, signed_by } = opened;
    if (signed_by.length === 0) throw untrusted([], keys.size);
    if (report.release !== release || report.workflow !== workflow)
      throw new PortreeveError('digest_mismatch', `The report is on ${report.release} of ${report.workflow}.`, {
        next: `Run the tests or the red team of ${release} itself.`,
      });
    const age_ms = clock.now().getTime() - Date.parse(report.ended);
    if (age_ms < -CLOCKS_APART_MS || Date.parse(report.ended) < Date.parse(report.started))
      throw new PortreeveError('bad_request', 'The report ends before it begins, or in the future.');
    if (age_ms >= deps.evidence_hours_max * 3_600_000)
      throw new PortreeveError('conflict', `The report is older than ${deps.evidence_hours_max} hours.`, {
        next: 'Run it again.',
      });
    return opened;
  }

  /** What is turned away is on record too: who tries unsigned bundles is to be seen. */
  async function orTurnedAway<T>(
    what: RecordData<'release.turned_away'>['what'],
    text: string,
    by: Principal,
    look: () => T,
  ): Promise<T> {
    try {
      return look();
    } catch (error) {
      if (!isPortreeveError(error)) throw error;
      const data = { what, digest: digestOfText(text), code: error.code, reason: error.detail.slice(0, 1000) };
      await audit.record([draft({ type: 'release.turned_away', actor: actorOf(by), outcome: error.code, data })]);
      throw error;
    }
  }

  /**
   * The newest report of each kind that is attached to exactly this release. It is opened anew: one that no key signs which
   * is trusted now counts no more. Of none for a release that the register does not know.
   */
  async function attached(release: Digest): Promise<ReleaseReport[]> {
    const newest = [...newestEvidence(await store.evidence(release)).values()];
    const opened = await Promise.all(newest.map(({ evidence }) => openedAgain(evidence)));
    return opened.filter((report) => report !== null);
  }

  async function openedAgain(evidence: Digest): Promise<ReleaseReport | null> {
    const text = await store.report(evidence);
    if (text === null) return null;
    const { report, signed_by } = openReport(text, keys);
    return signed_by.length === 0 ? null : report;
  }

  /** What the release lacks for going on towards production. */
  async function gaps(release: Digest): Promise<FieldError[]> {
    const found = await get(release);
    const evidence = await store.evidence(release);
    const unreviewed = await deps.changes.unreviewed(found.workflow);
    const [current] = await store.list({ workflow: found.workflow, state: 'production', limit: 1 });
    const judged = { now: clock.now(), hours_max: deps.evidence_hours_max, unreviewed };
    return gapsOf(found.contract, evidence, { ...judged, replaces: current?.contract ?? null });
  }

  /** Moves that need nobody's agreement: into testing, given up, out of its pilot, barred for ever. */
  async function move(
    release: Digest,
    event: 'test' | 'retire' | 'withdraw' | 'bar',
    reason: string,
    actor: RecordActor,
  ): Promise<StoredRelease> {
    const { workflow } = await get(release);
    await uow.transaction(async (tx: Tx) => {
      const all = await store.lock(tx, workflow);
      const locked = all.find((each) => each.release === release);
      if (!locked) throw new TypeError(`${release} is not among the releases of ${workflow}`);
      const step = await deps.pilots.lock(tx, release);
      const left = step ? { step: step.index + 1 } : {};
      const wanted = { release: locked, event, reason, actor, proposal: null, other: null, ...left };
      await audit.append(tx, await moveRelease(deps, tx, wanted));
    });
    return get(release);
  }

  return {
    ...{ add, register, get, attest, attached, gaps, move },
    list: store.list,
    moves: store.moves,
    evidence: store.evidence,
    report: store.report,
    reports: store.reports,
    bundle: store.bundle,
    /** The release that was in production before the one that is, and may be again; null: there is none. */
    async before(workflow: string): Promise<Digest | null> {
      for (const release of await store.wereInProduction(workflow))
        if ((await store.get(release))?.state === 'retired') return release;
      return null;
    },
  };
}

/** How far the clock of who ran the tests may be from ours. */
const CLOCKS_APART_MS = 10 * 60_000;

function untrusted(signatures: readonly string[], known: number): PortreeveError {
  const claimed = signatures.length === 0 ? 'It is not signed' : `It names ${signatures.join(', ')}`;
  return new PortreeveError(
    'bad_signature',
    known === 0 ? 'No key is trusted here.' : `${claimed}, and by none of the keys that are trusted here.`,
    {
      next: 'Sign it with a key that stands under `releases.keys` of portreeve.config.ts (`portreeve keys release` prints one).',
    },
  );
}
