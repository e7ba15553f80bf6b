import { FRAMEWORKS, newId, type RecordType } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { answerFramework, stateOf } from './answer.ts';
import { FACTS, type FactName } from './facts/index.ts';
import { FRAMEWORK_MAPS } from './frameworks/index.ts';
import type { Look, SeenAgent, SeenRecord } from './look.ts';

interface Given {
  readonly type: RecordType;
  readonly data?: object | null;
  readonly outcome?: string;
  readonly refs?: object;
  readonly actor?: string;
  readonly act?: readonly string[];
}

const NOW = new Date('2026-11-20T12:00:00.000Z');
const RELEASE = `sha256:${'a'.repeat(64)}`;

/** Records in the order of the log: the first is the oldest. */
function look(given: readonly Given[], agents: readonly SeenAgent[] = []): Look {
  const records = given.map(({ type, data = {}, outcome = '', refs = {}, actor = 'prn_asker', act = [] }, index) => ({
    ...{ place: String(index), type, outcome, refs, data },
    time: new Date(NOW.getTime() - (given.length - index) * 1000).toISOString(),
    actor: { id: actor, act: act.map((id) => ({ id, kind: 'agent', name: id })) },
  })) as unknown as SeenRecord[];
  return {
    now: NOW,
    records: async <T extends RecordType>(type: T) =>
      records.filter((each) => each.type === type).reverse() as unknown as SeenRecord<T>[],
    reach: async () => '2026-01-01T00:00:00.000Z',
    agents: async () => agents,
    releasesByWorkflow: new Map([['case-note', RELEASE]]),
  };
}

const execution = newId('execution', { now: () => NOW });
const approval = { refs: { approval: 'appr_1' } };
const requested = (quorum: number): Given => ({ type: 'approval.requested', data: { quorum }, ...approval });
const verdict = (actor: string, by: object = { signature: 'x' }): Given => ({
  ...{ type: 'approval.verdict', actor, outcome: 'approve', data: { verdict: by }, ...approval },
});
const closed: Given = { type: 'approval.closed', outcome: 'approved', data: { state: 'approved' }, ...approval };
const intent: Given = { type: 'execution.intent', refs: { execution, grant: 'grt_1', proposal: 'prop_1' } };
const result: Given = { type: 'execution.result', outcome: 'succeeded', refs: { execution, proposal: 'prop_1' } };
const lost: Given = { ...result, outcome: 'unknown' };
const environment = (subject: string): Given => ({ type: 'environment.changed', data: { subject, state: 'on' } });
const read = (data: object, outcome = ''): Given => ({
  ...{ type: 'source.read', outcome, data: { label: { integrity: 'untrusted' }, fields_left_out: [], ...data } },
});
const agent = (review_by: string): SeenAgent => ({ id: 'prn_agent' as SeenAgent['id'], state: 'active', review_by });
const RELEASED = { release: RELEASE };
const added: Given = { type: 'release.added', outcome: 'bundle', refs: RELEASED, data: { signed_by: ['key-1'] } };
const report = (kind: string, outcome = 'passed'): Given => ({
  ...{ type: 'release.evidence', refs: RELEASED, data: { kind }, outcome },
});
const moved = (event: string): Given => ({
  ...{ type: 'release.moved', refs: { ...RELEASED, proposal: 'prop_1' }, data: { event } },
});
const submitted: Given = { type: 'proposal.submitted', refs: { proposal: 'prop_1' } };
const agreed: Given = { ...closed, refs: { approval: 'appr_1', proposal: 'prop_1' } };
const registered: Given = { type: 'identity.agent_registered', data: { agent: 'prn_agent' } };

/** Records by which each fact is shown. Total: a new fact is shown by something, or it is none. */
const SHOWN_BY: Readonly<Record<FactName, readonly Given[]>> = {
  'approvals-by-others': [requested(1), verdict('prn_lead')],
  'approvals-signed': [verdict('prn_lead', { passkey: {} })],
  'quorums-met': [requested(2), verdict('prn_lead'), verdict('prn_boss'), closed],
  'two-people': [requested(2)],
  'planted-caught': [{ type: 'oversight.opened', data: { state: 'denied' } }],
  'approvals-denied': [{ type: 'approval.closed', outcome: 'denied' }],
  'unanswered-denied': [{ type: 'approval.closed', outcome: 'expired' }],
  'forged-verdicts-refused': [{ type: 'approval.refused_verdict' }],
  'work-finished-by-people': [{ type: 'handoff.closed' }],
  'answers-judged': [{ type: 'step.judged' }],
  'decisions-give-reasons': [{ type: 'decision.made', data: { decision: { reasons: [{}] } } }],
  'actions-refused': [{ type: 'decision.made', outcome: 'refuse' }],
  'actions-narrowed': [{ type: 'proposal.narrowed' }],
  'grants-once': [intent],
  'grants-refused': [{ type: 'grant.refused' }],
  'intent-before-effect': [intent, result],
  'unknown-to-people': [intent, lost, { type: 'handoff.opened', refs: { proposal: 'prop_1' } }],
  'effects-taken-back': [{ type: 'undo.ended' }],
  'runs-pinned': [{ type: 'run.submitted', refs: { release: RELEASE } }],
  'runs-ended': [{ type: 'run.ended', outcome: 'completed' }],
  'runs-recovered': [{ type: 'run.recovered' }],
  'agents-reviewed': [registered],
  'agents-stopped': [{ type: 'identity.holdings_revoked' }],
  'calls-refused': [{ type: 'api.refused' }],
  'people-sign-in': [{ type: 'identity.signed_in' }],
  'sign-ins-refused': [{ type: 'identity.refused' }],
  'workloads-sign-in': [{ type: 'identity.workload_signed_in' }],
  'passkeys-enrolled': [{ type: 'identity.passkey_enrolled' }],
  'delegation-narrow': [{ type: 'identity.token_exchanged' }],
  'credentials-end': [{ type: 'identity.token_revoked' }],
  'accounts-made': [{ type: 'identity.account_created' }],
  'agents-declare-intent': [{ type: 'agent.intent_declared' }],
  'sources-labelled': [read({})],
  'injection-findings': [read({}, 'flagged')],
  'arguments-traced': [{ type: 'proposal.submitted', data: { args: { a: 1 }, provenance: [{}] } }],
  'fields-minimised': [read({ fields_left_out: ['name'] })],
  'sources-refused': [{ type: 'source.refused' }],
  'data-deidentified': [{ type: 'prompt.assembled', data: { deidentified: { email: 1 } } }],
  'data-cleared': [{ type: 'prompt.assembled', data: { deidentified: null, withheld: [{}] } }],
  'pseudonyms-erased': [{ type: 'pseudonyms.erased' }],
  'data-kept-from-endpoints': [{ type: 'endpoint.refused' }],
  'readers-quarantined': [{ type: 'output.validated', data: { quarantined: { handle: 'h', bits: 1 } } }],
  'models-named': [{ type: 'model.answered', data: { model_answered: 'm', prompt_version: '1' } }],
  'answers-validated': [{ type: 'output.rejected' }],
  'drift-alarms': [{ type: 'drift.alarm', data: { nearest: null } }],
  'claims-checked': [{ type: 'output.validated', data: { claims: { count: 1, unsupported: 0 } } }],
  'models-fall-back': [{ type: 'endpoint.passed_over' }],
  'models-fail-to-people': [{ type: 'model.failed' }],
  'log-verified': [{ type: 'audit.verified', outcome: 'ok', data: { size: 7 } }],
  'log-witnessed': [{ type: 'audit.place', data: { kind: 'witness', name: 'one', state: 'working' } }],
  'backups-made': [{ type: 'backup.ended', outcome: 'made', data: { state: 'made' } }],
  'restored-openly': [{ type: 'audit.restored' }],
  'readings-recorded': [{ type: 'api.read' }],
  'keys-managed': [{ type: 'key.created' }],
  'data-erased': [{ type: 'audit.erased' }],
  'holds-set': [{ type: 'audit.hold_set' }],
  'marks-revealed': [{ type: 'audit.revealed' }],
  'releases-on-record': [{ type: 'release.loaded', refs: { release: RELEASE }, data: { files: [{}] } }],
  'policy-loaded': [{ type: 'policy.loaded' }],
  'changes-recorded': [{ type: 'config.changed' }],
  'starts-recorded': [{ type: 'system.started' }],
  'definitions-decided': [{ type: 'mcp.definition_decided' }],
  'stopped-by-people': [environment('freeze:all')],
  'incidents-declared': [environment('incident')],
  'outages-seen': [environment('outage:main')],
  'people-told': [{ type: 'notification.sent' }],
  'executors-apart': [{ type: 'executor.started' }],
  'credentials-minted': [{ type: 'credential.lease' }],
  'asked-by-others': [{ type: 'authzen.evaluated' }],
  'releases-signed': [added],
  'releases-tested': [added, report('tests'), report('red-team'), moved('stage')],
  'promotions-approved': [submitted, agreed, moved('promote')],
  'releases-turned-away': [{ type: 'release.turned_away' }],
  'releases-rolled-back': [moved('restore')],
  'releases-barred': [moved('bar')],
};

/** Records by which a fact is seen not to hold. */
const AGAINST: readonly (readonly [FactName, readonly Given[], readonly string[]])[] = [
  ['approvals-by-others', [requested(1), verdict('prn_asker')], ['1']],
  ['approvals-by-others', [{ ...requested(1), actor: 'prn_other', act: ['prn_bot'] }, verdict('prn_bot')], ['1']],
  ['quorums-met', [requested(2), verdict('prn_lead'), verdict('prn_lead'), closed], ['3']],
  ['planted-caught', [{ type: 'oversight.opened', data: { state: 'approved' } }], ['0']],
  ['decisions-give-reasons', [{ type: 'decision.made', data: { decision: { reasons: [] } } }], ['0']],
  ['grants-once', [intent, intent], ['1', '0']],
  ['grants-once', [{ ...intent, refs: {} }], ['0']],
  ['intent-before-effect', [result], ['0']],
  ['intent-before-effect', [result, intent], ['0']],
  ['unknown-to-people', [intent, lost], ['1']],
  ['runs-pinned', [{ type: 'run.submitted' }], ['0']],
  ['arguments-traced', [{ type: 'proposal.submitted', data: { args: { a: 1 }, provenance: [] } }], ['0']],
  [
    'log-verified',
    [
      { type: 'audit.verified', outcome: 'ok' },
      { type: 'audit.verified', outcome: 'broken' },
    ],
    ['1'],
  ],
  [
    'log-witnessed',
    [
      { type: 'audit.place', data: { kind: 'witness', name: 'one', state: 'working' } },
      { type: 'audit.place', data: { kind: 'witness', name: 'one', state: 'failing' } },
    ],
    ['1'],
  ],
  ['releases-signed', [{ ...added, data: { signed_by: [] } }], ['0']],
  ['releases-tested', [added, report('tests'), moved('stage')], ['2']],
  ['promotions-approved', [submitted, moved('pilot')], ['1']],
  ['releases-tested', [added, report('tests'), report('red-team', 'failed'), moved('promote')], ['3']],
  ['releases-tested', [added, report('tests'), moved('promote'), report('red-team')], ['2']],
  ['promotions-approved', [submitted, moved('promote')], ['1']],
  ['promotions-approved', [submitted, moved('stage'), agreed], ['1']],
  ['promotions-approved', [{ ...moved('promote'), refs: RELEASED }], ['0']],
  ['backups-made', [{ type: 'backup.ended', outcome: 'failed', data: { state: 'failed' } }], ['0']],
];

describe('H8: facts', () => {
  test.each(Object.keys(FACTS) as FactName[])('H8: %s is a gap, in words, where nothing is on record', async (name) => {
    const found = await FACTS[name](look([]));
    expect(found).toMatchObject({ state: 'gap', records: [], figures: {} });
    expect(found.text).toMatch(/^[A-Z].{15,}\.$/);
  });

  test.each(Object.entries(SHOWN_BY))('H8: %s is shown by a record, which it names', async (name, given) => {
    const found = await FACTS[name as FactName](look(given, [agent('2027-01-01T00:00:00.000Z')]));
    expect(found, found.text).toMatchObject({ state: 'shown', text: expect.stringMatching(/The newest: 2026-11-20T/) });
    expect(found.records.length).toBeGreaterThan(0);
  });

  test.each(AGAINST)(
    'H8: %s is contrary where records speak against it, and names them (%#)',
    async (name, given, against) => {
      expect(await FACTS[name](look(given))).toMatchObject({ state: 'contrary', records: against });
    },
  );

  test('H8: a review that is overdue speaks against the register, and one without a record is a gap', async () => {
    const late = [agent('2026-11-20T12:00:00.000Z')];
    expect(await FACTS['agents-reviewed'](look([registered], late))).toMatchObject({
      ...{ state: 'contrary', records: ['0'], figures: { agents: 1, active: 1, overdue: 1 } },
    });
    expect(await FACTS['agents-reviewed'](look([], [agent('2027-01-01T00:00:00Z')]))).toMatchObject({ state: 'gap' });
  });

  test('H8: what was erased is not counted as if it had been read', async () => {
    const erased = (name: FactName, type: RecordType) => FACTS[name](look([{ type, data: null }]));
    expect(await erased('decisions-give-reasons', 'decision.made')).toMatchObject({ state: 'gap' });
    expect(await erased('models-named', 'model.answered')).toMatchObject({ state: 'gap' });
    expect(await erased('stopped-by-people', 'environment.changed')).toMatchObject({ state: 'gap' });
  });

  test('H8: a promotion is judged where its beginning is in sight, and a rollback is none', async () => {
    expect(await FACTS['releases-tested'](look([moved('promote')]))).toMatchObject({ state: 'gap' });
    expect(await FACTS['releases-tested'](look([added, moved('restore')]))).toMatchObject({ state: 'gap' });
    expect(await FACTS['promotions-approved'](look([moved('promote')]))).toMatchObject({ state: 'gap' });
    expect(await FACTS['releases-signed'](look([{ ...added, outcome: 'folder' }]))).toMatchObject({ state: 'gap' });
  });

  test('H8: a verdict whose request lies before what is seen is not judged', async () => {
    const cut = { ...look([requested(1), verdict('prn_asker')]), reach: async () => NOW.toISOString() };
    expect(await FACTS['approvals-by-others'](cut)).toMatchObject({ state: 'gap' });
  });
});

describe('H8: frameworks', () => {
  test('H8: every framework has a map, and every fact answers some control', () => {
    expect(Object.keys(FRAMEWORK_MAPS).sort()).toEqual([...FRAMEWORKS].sort());
    const used = new Set(
      Object.values(FRAMEWORK_MAPS).flatMap(({ controls }) => controls.flatMap(({ facts }) => facts)),
    );
    // If you are here because this failed: a fact that no control names shows nothing to anybody. Name it in a row, or
    // take it out.
    expect([...used].sort()).toEqual(Object.keys(FACTS).sort());
  });

  test.each(FRAMEWORKS)(
    'H8: each row of %s has an edition and a source, and facts that exist, or says what is missing',
    (name) => {
      const { controls, framework, title } = FRAMEWORK_MAPS[name];
      expect(framework).toBe(name);
      expect(title).toMatch(/\S/);
      expect(new Set(controls.map(({ id }) => id)).size).toBe(controls.length);
      for (const { id, title: what, edition, source, facts, beyond } of controls) {
        for (const text of [what, edition, source]) expect(text, id).toMatch(/\S.{1,}/);
        expect(facts.filter((fact) => !Object.hasOwn(FACTS, fact))).toEqual([]);
        expect(new Set(facts).size, id).toBe(facts.length);
        if (facts.length === 0) expect(beyond, id).toMatch(/\.$/);
      }
    },
  );

  test('H8: editions are those of 2026 where they moved', () => {
    const ids = (name: (typeof FRAMEWORKS)[number]) => FRAMEWORK_MAPS[name].controls.map(({ id }) => id);
    expect(ids('owasp-agentic')).toEqual([...Array(9).keys()].map((n) => `ASI0${n + 1}`).concat('ASI10'));
    expect(FRAMEWORK_MAPS['owasp-llm'].controls.find(({ id }) => id === 'LLM03:2026')?.title).toBe('Excessive Agency');
    const oversight = FRAMEWORK_MAPS['eu-ai-act'].controls.find(({ id }) => id === 'Art. 14(4)(e)');
    expect(oversight?.edition).toContain('2 December 2027');
    expect(oversight?.edition).not.toMatch(/in force/);
  });
});

test('H8: on an empty record every control of every framework is a gap', async () => {
  for (const framework of FRAMEWORKS) {
    const controls = await answerFramework(framework, look([]));
    expect(controls.map(({ state }) => state)).toEqual(controls.map(() => 'gap'));
  }
});

test('H8: a control is shown only where all is shown and nothing lies beyond', () => {
  const of = (...states: ('shown' | 'contrary' | 'gap')[]) => states.map((state) => ({ state }));
  expect(stateOf(of('shown', 'shown'), null)).toBe('shown');
  expect(stateOf(of('shown'), 'the rest.')).toBe('partly');
  expect(stateOf(of('shown', 'gap'), null)).toBe('partly');
  expect(stateOf(of('gap', 'gap'), null)).toBe('gap');
  expect(stateOf([], 'all of it.')).toBe('gap');
  expect(stateOf(of('shown', 'gap', 'contrary'), 'the rest.')).toBe('contrary');
});

test('H8: each fact is asked once for a report, however many controls it answers', async () => {
  let asked = 0;
  const counting = look([]);
  const records = (async (type: RecordType) => {
    if (type === 'audit.verified') asked++;
    return counting.records(type);
  }) as Look['records'];
  await answerFramework('nist-800-53', { ...counting, records });
  expect(asked).toBe(1);
});
