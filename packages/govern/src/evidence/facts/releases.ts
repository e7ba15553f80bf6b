import { REPORT_KINDS, type RecordType } from '@portreeve/contract';
import { each, type Fact, seen } from '../found.ts';
import type { Look, SeenRecord } from '../look.ts';

type Moved = SeenRecord<'release.moved'>;

/** What came into the register as a bundle; the files that a server was started with are nobody's bundle. */
const bundles = async (look: Look) =>
  (await look.records('release.added')).filter(({ outcome, data }) => outcome === 'bundle' && data !== null);

const releasesSigned: Fact = async (look) =>
  each(await bundles(look), ({ data }) => data !== null && data.signed_by.length > 0, {
    what: 'release bundles that were taken into the register',
    holds: 'name the trusted key under which their signature held',
    none: 'No release bundle was taken into the register in this span.',
  });

const FORWARD: readonly string[] = ['stage', 'pilot', 'promote'];

/** Releases that went on towards production or into it, from where on all records of these types are in sight. */
async function promotions(look: Look, ...joined: readonly RecordType[]): Promise<Moved[]> {
  const from = await look.reach('release.moved', ...joined);
  return (await look.records('release.moved')).filter(
    ({ time, data }) => time >= from && data !== null && FORWARD.includes(data.event),
  );
}

const before = (one: Pick<SeenRecord, 'time'>, other: Pick<SeenRecord, 'time'>) => one.time <= other.time;

/**
 * Whether each promotion rested on passed tests and a passed red team of exactly that release. One whose release came into
 * the register before what is seen is not judged: its reports may lie there, too.
 */
const releasesTested: Fact = async (look) => {
  const from = await look.reach('release.added', 'release.evidence', 'release.moved');
  const added = new Set(
    (await look.records('release.added')).filter(({ time }) => time >= from).map(({ refs }) => refs.release),
  );
  const reports = (await look.records('release.evidence')).filter(({ outcome }) => outcome === 'passed');
  const moved = (await promotions(look, 'release.evidence')).filter(({ refs }) => added.has(refs.release));
  const passed = (move: Moved, kind: string) =>
    reports.some(
      (report) => report.refs.release === move.refs.release && report.data?.kind === kind && before(report, move),
    );
  return each(moved, (move) => REPORT_KINDS.every((kind) => passed(move, kind)), {
    what: 'promotions of releases that came into the register in this span',
    holds: 'rest on passed tests and a passed red team of exactly that release, attached by digest',
    none: 'No promotion of a release is on record together with the release’s way into the register.',
  });
};

/** One whose proposal the reader does not see, or that lies before what is seen, is not judged. */
const promotionsApproved: Fact = async (look) => {
  const submitted = new Set((await look.records('proposal.submitted')).map(({ refs }) => refs.proposal));
  const approved = (await look.records('approval.closed')).filter(({ outcome }) => outcome === 'approved');
  const moved = (await promotions(look, 'proposal.submitted', 'approval.closed')).filter(
    ({ refs }) => refs.proposal === undefined || submitted.has(refs.proposal),
  );
  return each(
    moved,
    (move) =>
      move.refs.proposal !== undefined &&
      approved.some((closed) => closed.refs.proposal === move.refs.proposal && before(closed, move)),
    {
      what: 'promotions of releases whose proposal is on record here',
      holds: 'followed the approval of exactly that proposal',
      none: 'No promotion of a release is on record together with its proposal.',
    },
  );
};

const movedBy = (event: NonNullable<Moved['data']>['event'], what: string, none: string): Fact =>
  seen('release.moved', { what, none }, ({ data }) => data?.event === event);

export const RELEASE_FACTS = {
  'releases-signed': releasesSigned,
  'releases-tested': releasesTested,
  'promotions-approved': promotionsApproved,
  'releases-turned-away': seen('release.turned_away', {
    what: 'bundles or reports on releases were turned away (no trusted signature, or broken), and are on record by digest',
    none: 'No bundle and no report that was turned away is on record.',
  }),
  'releases-rolled-back': movedBy(
    'restore',
    'times a release was taken back into production in the place of another',
    'No rollback of a release is on record.',
  ),
  'releases-barred': movedBy('bar', 'releases were barred for ever', 'No release that was barred is on record.'),
} as const satisfies Record<string, Fact>;
