import { contrary, each, type Fact, gap, seen, shown } from '../found.ts';
import type { Look, SeenRecord } from '../look.ts';

type Verdict = SeenRecord<'approval.verdict'>;

const deciding = ({ outcome }: Verdict) => outcome === 'approve' || outcome === 'deny';

/** The requests whose whole history is in sight, by approval. */
async function requestsOf(look: Look) {
  const from = await look.reach('approval.requested', 'approval.verdict', 'approval.closed');
  const requests = (await look.records('approval.requested')).filter(({ time }) => time >= from);
  return new Map(requests.map((request) => [request.refs.approval, request]));
}

/** Each verdict of the span with the request that it answers, where that stands in the span too. */
async function answered(look: Look) {
  const requests = await requestsOf(look);
  return (await look.records('approval.verdict')).filter(deciding).flatMap((verdict) => {
    const request = requests.get(verdict.refs.approval);
    return request ? [{ ...verdict, request }] : [];
  });
}

const approvalsByOthers: Fact = async (look) =>
  each(
    await answered(look),
    ({ actor, request }) => ![request.actor, ...request.actor.act].some(({ id }) => id === actor.id),
    {
      what: 'verdicts whose request is on record here',
      holds: 'were given by somebody who neither asked nor acted for who asked',
      none: 'No verdict of a person is on record together with its request.',
    },
  );

const approvalsSigned: Fact = async (look) => {
  const verdicts = (await look.records('approval.verdict')).filter(({ data }) => data !== null);
  if (verdicts.length === 0) return gap('No verdict of a person is on record.');
  const passkeys = verdicts.filter(({ data }) => data !== null && 'passkey' in data.verdict).length;
  const text = `Verdicts with a signature over the digest of exactly one proposal: ${verdicts.length}, of them by a passkey: ${passkeys}. Each can be checked offline (portreeve-verify --approvals).`;
  return shown(text, verdicts, { verdicts: verdicts.length, by_passkey: passkeys });
};

/** What was approved by fewer different people than its request asked for. */
const quorumsMet: Fact = async (look) => {
  const verdicts = (await look.records('approval.verdict')).filter(({ outcome }) => outcome === 'approve');
  const requests = await requestsOf(look);
  const closed = (await look.records('approval.closed')).filter(
    ({ outcome, refs }) => outcome === 'approved' && (requests.get(refs.approval)?.data?.quorum ?? 0) > 0,
  );
  const people = (approval: string | undefined) =>
    new Set(verdicts.filter(({ refs }) => refs.approval === approval).map(({ actor }) => actor.id)).size;
  return each(closed, ({ refs }) => people(refs.approval) >= (requests.get(refs.approval)?.data?.quorum ?? 1), {
    what: 'approvals whose request is on record here',
    holds: 'were approved by as many different people as were asked for',
    none: 'No approval was granted whose request is on record here.',
  });
};

const twoPeople: Fact = seen(
  'approval.requested',
  { what: 'requests asked for two people or more', none: 'No request that asks for two people is on record.' },
  ({ data }) => (data?.quorum ?? 0) >= 2,
);

/** How many planted test proposals reviewers saw through (requirement H7). */
const plantedCaught: Fact = async (look) => {
  const opened = await look.records('oversight.opened');
  const answered = opened.filter(({ data }) => data && ['approved', 'denied', 'amended'].includes(data.state));
  if (answered.length === 0) return gap('No planted test proposal was decided on, so nothing shows how people look.');
  const missed = answered.filter(({ data }) => data?.state === 'approved');
  const figures = { decided: answered.length, caught: answered.length - missed.length, missed: missed.length };
  const text = `Planted test proposals that were seen through (denied or amended): ${figures.caught} of ${figures.decided}.`;
  return missed.length === 0 ? shown(text, answered, figures) : contrary(text, missed, figures);
};

export const APPROVAL_FACTS = {
  'approvals-by-others': approvalsByOthers,
  'approvals-signed': approvalsSigned,
  'quorums-met': quorumsMet,
  'two-people': twoPeople,
  'planted-caught': plantedCaught,
  'approvals-denied': seen(
    'approval.closed',
    { what: 'approvals were denied by people', none: 'No denial by a person is on record.' },
    ({ outcome }) => outcome === 'denied',
  ),
  'unanswered-denied': seen(
    'approval.closed',
    { what: 'questions that nobody answered ended as denied', none: 'No question has ended by time.' },
    ({ outcome }) => outcome === 'expired',
  ),
  'forged-verdicts-refused': seen('approval.refused_verdict', {
    what: 'verdicts were refused (wrong person, signature or digest)',
    none: 'No refused verdict is on record.',
  }),
  'work-finished-by-people': seen('handoff.closed', {
    what: 'hand-offs were finished by a person',
    none: 'No hand-off that a person finished is on record.',
  }),
  'answers-judged': seen('step.judged', {
    what: 'answers of models were judged by the review rule of their step before they were used',
    none: 'No answer of a model was judged by a review rule.',
  }),
} as const satisfies Record<string, Fact>;
