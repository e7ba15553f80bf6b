import type { Done } from './desk.ts';
import type { Evidence, Told } from './evidence.ts';

/** What was found that may never be: which rule, and what breaks it. */
export interface Violation {
  readonly rule: string;
  readonly what: string;
}

type Rule = (evidence: Indexed) => Iterable<string>;

/** The evidence with its records at hand by what they are about. */
interface Indexed extends Evidence {
  /** Records of a type about a grant, a proposal, a run, an approval; oldest first. */
  about(type: string, ref: 'grant' | 'proposal' | 'run' | 'approval', id: string): readonly Told[];
  readonly done: readonly Done[];
}

/** Tools that wait for a person. Any other goes on by itself. */
const NEEDS_APPROVAL = new Set(['publish_note']);
/** Tools that are never called again by themselves: the desk honours no key for them. */
const ONLY_ONCE = new Set(['publish_note']);
const PERMITS = new Set(['permit', 'notify']);
const ENDED = new Set(['completed', 'refused', 'handed_off', 'failed']);

/** What holds at every instant, whatever goes wrong (design, section 3). A new rule is a member here. */
const ALWAYS: Readonly<Record<string, Rule>> = {
  *'INV1 one gate: every effect has a grant of the gate, for it'({ done, about }) {
    for (const { grant, tool, proposal } of done) {
      const [issued, ...more] = about('grant.issued', 'grant', grant);
      if (!issued || more.length > 0) yield `${tool} by ${grant}, which was issued ${more.length} times more or never`;
      else if (issued.refs.proposal !== proposal) yield `${grant} is of ${issued.refs.proposal} and not of ${proposal}`;
    }
  },
  *'INV2 default deny: before each grant stands a decision that permits'({ records, about }) {
    for (const { index, refs } of records.filter(({ type }) => type === 'grant.issued')) {
      const last = about('decision.made', 'proposal', refs.proposal ?? '')
        .filter((decided) => decided.index < index)
        .at(-1);
      if (!last || !PERMITS.has(last.data.decision.outcome))
        yield `${refs.grant} rests on ${last?.data.decision.outcome ?? 'nothing'}`;
    }
  },
  *'INV3 nothing acts unrecorded: every effect has its intent'({ done, about }) {
    for (const { grant, tool, case_id } of done)
      if (about('execution.intent', 'grant', grant).length === 0) yield `${tool} of ${case_id} by ${grant}`;
  },
  *'INV4 no authority of a model: what a model wrote was approved by a person first'({ done, about }) {
    for (const { proposal, tool, grant } of done) {
      if (!NEEDS_APPROVAL.has(tool)) continue;
      const [intent] = about('execution.intent', 'grant', grant);
      const agreed = approvals(about, proposal).filter(({ index }) => index < (intent?.index ?? 0));
      const closed = agreed.filter(({ refs }) =>
        about('approval.closed', 'approval', refs.approval ?? '').some(({ data }) => data.state === 'approved'),
      );
      if (closed.length === 0) yield `${tool} of ${proposal} without an approval before it`;
    }
  },
  *'INV5 the digest is the promise: one digest from the proposal to the effect'({ done, about }) {
    for (const { grant, proposal, args_digest } of done) {
      const [submitted] = about('proposal.submitted', 'proposal', proposal);
      const [issued] = about('grant.issued', 'grant', grant);
      const [intent] = about('execution.intent', 'grant', grant);
      const signed = approvals(about, proposal).map(({ data }) => data.verdict.statement.proposal_digest);
      const promised = [issued?.data.proposal_digest, intent?.data.proposal_digest, ...signed];
      if (promised.some((digest) => digest !== submitted?.data.digest)) yield `${proposal}: another proposal`;
      if ([issued, intent].some((record) => record?.data.args_digest !== args_digest))
        yield `${proposal}: other arguments`;
    }
  },
  *'INV6 once: a grant is used once, and an effect happens once'({ journal, done, records }) {
    const used = journal.flatMap((line) => (line.type === 'grant_used' ? [line.jti] : []));
    const intents = records.filter(({ type }) => type === 'execution.intent');
    yield* twice('the desk saw the grant', used);
    yield* twice(
      'an intent for',
      intents.map(({ refs }) => refs.grant ?? ''),
    );
    yield* twice(
      'the effect of',
      done.map(({ proposal, tool }) => `${tool} of ${proposal}`),
    );
    yield* twice(
      'the effect on',
      done.map(({ case_id, tool }) => `${tool} of ${case_id}`),
    );
  },
  *'INV7 labels only rise: what was made from untrusted events says so'({ records }) {
    for (const { refs, data } of records.filter(({ type }) => type === 'proposal.submitted'))
      if (NEEDS_APPROVAL.has(data.tool) && data.influence.integrity !== 'untrusted')
        yield `${refs.proposal} is ${data.influence.integrity}`;
  },
  *'INV8 unknown goes to a person: what is not known is not called again'({ records, about }) {
    for (const { index, refs, data } of records.filter(({ type }) => type === 'execution.result')) {
      const intent = about('execution.intent', 'grant', refs.grant ?? '')[0];
      if (data.state !== 'unknown' || !ONLY_ONCE.has(intent?.data.tool)) continue;
      const later = about('execution.intent', 'proposal', refs.proposal ?? '').filter((other) => other.index > index);
      if (later.length > 0) yield `${refs.proposal} was called again after an unknown outcome`;
    }
  },
  *'INV9 pinned: one release and one policy in a whole run'({ records }) {
    const seen = new Map<string, string>();
    for (const { refs, type } of records)
      for (const pinned of ['release', 'policy_version']) {
        const version = refs[pinned];
        if (!refs.run || !version) continue;
        const first = seen.get(`${refs.run} ${pinned}`) ?? version;
        seen.set(`${refs.run} ${pinned}`, first);
        if (first !== version) yield `${refs.run} has another ${pinned} at ${type}`;
      }
  },
  *'INV10 every proof is valid, and no payload is missing'({ log }) {
    if (!log.ok || !log.complete) yield `${log.kind ?? 'incomplete'}: ${log.problem}`;
    if (log.payloads_unexplained > 0) yield `${log.payloads_unexplained} payloads are missing`;
    if (log.verdicts !== log.verdicts_by_registered_key) yield 'a verdict by a key that nobody registered';
  },
  *'the log only grows'({ earlier }) {
    for (const { size, digest, now } of earlier) if (digest !== now) yield `the first ${size} records are others now`;
  },
  *'no verdict that was answered is lost'({ asked, about }) {
    for (const [approval, verdict] of asked.verdicts) {
      const said = about('approval.verdict', 'approval', approval).map(({ data }) => data.verdict.statement.verdict);
      if (said.length !== 1 || said[0] !== verdict) yield `${approval}: ${verdict} is [${said}] on record`;
    }
  },
  *'no run that was answered is lost, and none is there twice'({ asked, runs, records }) {
    const known = new Set(runs.map(({ id }) => id));
    for (const [case_id, run] of asked.runByCase) if (!known.has(run)) yield `${run} of ${case_id} is not there`;
    yield* twice(
      'a run for',
      records.flatMap(({ type, data }) => (type === 'run.submitted' ? [data.input.case_id] : [])),
    );
  },
};

/** What holds besides when every fault is over and the house had its time. */
const AT_REST: Readonly<Record<string, Rule>> = {
  *'every run has ended once, or waits for a person'({ runs, asked, about }) {
    for (const { id, state, approval } of runs) {
      const ends = about('run.ended', 'run', id);
      if (ENDED.has(state) ? ends.length !== 1 : ends.length !== 0) yield `${id} is ${state} with ${ends.length} ends`;
      const waits = state === 'waiting' && approval !== null && asked.left.has(approval);
      if (!ENDED.has(state) && !waits) yield `${id} is ${state} for nobody (${approval})`;
    }
  },
  *'every intent has its result'({ records, about }) {
    for (const { refs } of records.filter(({ type }) => type === 'execution.intent'))
      if (about('execution.result', 'grant', refs.grant ?? '').length === 0) yield `${refs.grant} of ${refs.proposal}`;
  },
  *'what is not known has gone to a person'({ records, about }) {
    for (const { refs, data } of records.filter(({ type }) => type === 'execution.result')) {
      if (data.state !== 'unknown') continue;
      const proposal = refs.proposal ?? '';
      const known = [
        ...about('settlement.ended', 'proposal', proposal),
        ...about('handoff.opened', 'proposal', proposal),
      ];
      if (known.length === 0) yield `${proposal} is unknown, and nobody was told`;
    }
  },
  *'what was approved is done, or somebody says why not'({ asked, records, done, about }) {
    for (const [approval, verdict] of asked.verdicts) {
      if (verdict !== 'approve') continue;
      const asking = records.find(({ type, refs }) => type === 'approval.requested' && refs.approval === approval);
      const { proposal = '', run = '' } = asking?.refs ?? {};
      // Of the action, or of the whole run: its grants were refused, as by a clock that was off.
      const handed = [...about('handoff.opened', 'proposal', proposal), ...about('handoff.opened', 'run', run)];
      if (handed.length === 0 && !done.some((line) => line.proposal === proposal)) yield `${approval} of ${proposal}`;
    }
  },
};

/** Checks all rules, or those alone that hold also in the middle of a fault. */
export function checkEvidence(evidence: Evidence, when: 'always' | 'at_rest'): Violation[] {
  const indexed = withIndex(evidence);
  const rules = when === 'always' ? ALWAYS : { ...ALWAYS, ...AT_REST };
  return Object.entries(rules).flatMap(([rule, find]) => [...find(indexed)].map((what) => ({ rule, what })));
}

function withIndex(evidence: Evidence): Indexed {
  const byRef = new Map<string, Told[]>();
  for (const record of evidence.records)
    for (const [ref, id] of Object.entries(record.refs)) {
      const key = `${record.type} ${ref} ${id}`;
      const known = byRef.get(key);
      if (known) known.push(record);
      else byRef.set(key, [record]);
    }
  return {
    ...evidence,
    about: (type, ref, id) => byRef.get(`${type} ${ref} ${id}`) ?? [],
    done: evidence.journal.filter((line): line is Done => line.type === 'done'),
  };
}

/** The verdicts that approve a proposal. */
const approvals = (about: Indexed['about'], proposal: string): Told[] =>
  about('approval.requested', 'proposal', proposal)
    .flatMap(({ refs }) => about('approval.verdict', 'approval', refs.approval ?? ''))
    .filter(({ data }) => data.verdict.statement.verdict === 'approve');

function* twice(what: string, names: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) yield `${what} ${name} twice`;
    seen.add(name);
  }
}
