import {
  digestOf,
  draft,
  finalStates,
  fixedClock,
  type Json,
  newId,
  type RecordData,
  type ReleaseReport,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test } from 'vitest';
import type { StoredEvidence } from '../release/ports.ts';
import { memoryChangeStore, memorySurfaceStore } from '../testing/change-store.ts';
import { changeStoreContract } from '../testing/change-store-contract.ts';
import { memoryReleaseStore } from '../testing/release-store.ts';
import { CONTRACT } from '../testing/workflow.ts';
import { carryOutApproval, restsOn } from './carry-out.ts';
import { evidenceOf } from './evidence.ts';
import { followChange } from './follow.ts';
import { moveChange } from './move.ts';
import { openChange, touchedBy } from './open.ts';
import type { StoredChange } from './ports.ts';
import { CHANGE_TABLE } from './states.ts';
import { reviewSurface } from './surface.ts';
import { versionWatch } from './versions.ts';

changeStoreContract('memory', async () => {
  const [store, surface] = [memoryChangeStore(), memorySurfaceStore()];
  return { store, surface, uow: memoryUnitOfWork(store, surface) };
});

const RELEASE = digestOf('the release in force');
const HOUR_MS = 3_600_000;

function setUp() {
  const clock = fixedClock('2026-11-21T12:00:00.000Z');
  const [changes, surface, store] = [memoryChangeStore(), memorySurfaceStore(), memoryReleaseStore()];
  const audit = memoryAuditWriter();
  const uow = memoryUnitOfWork(changes, surface, store, audit);
  const deps = { changes, surface, store, audit, uow, clock, evidence_hours_max: 24 };
  const touched = touchedBy([CONTRACT]);
  const start = (parts: Readonly<Record<string, Json>>) =>
    reviewSurface(
      deps,
      Object.entries(parts).map(([part, body]) => ({ part, body, touched })),
    );
  const state = async () => (await changes.list({})).map(({ subject, state: at }) => `${subject} ${at}`);
  const move = (change: StoredChange, event: 'approve' | 'reject' | 'withdraw') =>
    uow.transaction(async (tx) =>
      audit.append(tx, await moveChange(deps, tx, { change, event, reason: 'a test', actor: SYSTEM_ACTOR })),
    );
  /** The release that runs, with reports that began now. */
  const registered = () =>
    uow.transaction((tx) =>
      store.insert(
        tx,
        {
          ...{ release: RELEASE, workflow: CONTRACT.name, version: '1.0.0', contract: CONTRACT, portreeve: '0.1.0' },
          ...{ origin: 'folder', state: 'added', signed_by: [], bytes: null },
          ...{ added_by: 'system', added_at: clock.now().toISOString() },
        },
        null,
      ),
    );
  const attach = (kind: ReleaseReport['kind'], ok = true) => {
    const at = clock.now().toISOString();
    const figures = { unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 10 };
    const evidence: StoredEvidence = {
      ...{ kind, workflow: CONTRACT.name, release: RELEASE, portreeve: '0.1.0', started: at, ended: at, ok },
      ...{ figures: { ...figures, injection_recall_per_mille: 900 }, evidence: digestOf(`${kind} ${at} ${ok}`) },
      ...{ cases: 1, signed_by: ['ours'], attached_by: 'prn_olga', attached_at: at },
    };
    return uow.transaction((tx) => store.attach(tx, evidence, 'text'));
  };
  return { ...deps, deps, touched, start, state, move, registered, attach };
}

describe('H2: the states of a change', () => {
  test('a decision is final, but a no: that stands until people agree after all, or the thing is taken back', () => {
    expect(finalStates(CHANGE_TABLE)).toEqual(['approved', 'settled', 'withdrawn']);
    expect(CHANGE_TABLE.rejected).toEqual({
      approve: 'approved',
      reject: null,
      settle: 'settled',
      withdraw: 'withdrawn',
    });
  });

  test('the owners and the highest risk of all that it touches', () => {
    const other = { ...CONTRACT, name: 'a-note', tier: 'critical' as const };
    const owners = { ...CONTRACT.owners, security: 'ciso@bank.example' };
    expect(touchedBy([CONTRACT, { ...other, owners }])).toEqual({
      workflows: ['a-note', 'case-note'],
      owners: ['business', 'ciso', 'platform', 'security'],
      risk: 'critical',
    });
    expect(touchedBy([])).toEqual({ workflows: [], owners: [], risk: 'low' });
  });
});

describe('H2: what a server is started with', () => {
  test('the first start is what later ones are compared to; the same start changes nothing', async () => {
    const { start, changes, audit } = setUp();
    await start({ identity: { a: 1 } });
    await start({ identity: { a: 1 } });
    expect(await changes.list({})).toEqual([]);
    expect(audit.of('change.opened')).toEqual([]);
  });

  test('a part that is new or otherwise opens one change, with its words, its owners and the reason', async () => {
    const { start, changes, audit } = setUp();
    await start({ policy: [] });
    const rules = [{ path: 'action.cedar', text: 'permit (principal, action, resource);' }];
    for (let n = 0; n < 2; n++) await start({ policy: rules, identity: { local_accounts: 'allow' } });
    expect(await changes.list({})).toMatchObject([
      {
        ...{ kind: 'configuration', subject: 'policy', from: digestOf([]), to: digestOf(rules), state: 'open' },
        ...{ workflows: ['case-note'], owners: ['business', 'platform', 'security'], risk: 'medium' },
        pieces: [
          {
            area: 'policies',
            text: 'project/policies/action.cedar is new',
            loosens: true,
            lines: [`+ ${rules[0]!.text}`],
          },
        ],
      },
      { subject: 'identity', from: null, pieces: [{ area: 'identity rights', loosens: true }] },
    ]);
    expect(audit.of('change.opened')).toHaveLength(2);
    expect(audit.of('change.opened')[1]).toMatchObject({
      refs: { workflow: 'case-note' },
      data: { says: ['looser: policies: project/policies/action.cedar is new'], looser: 1, pieces: 1 },
    });
  });

  test('endpoints, sources and tools are told as releases tell them: by member, with what loosens', async () => {
    const { start, changes } = setUp();
    const clearance = { confidentiality: 'internal', categories: [] };
    const model = { name: 'main', kind: 'anthropic', model: 'claude-x', where: 'public-cloud', clearance };
    await start({ 'model.main': model });
    await start({ 'model.main': { ...model, clearance: { confidentiality: 'restricted', categories: [] } } });
    expect((await changes.list({}))[0]?.pieces).toEqual([
      {
        ...{ area: 'models', loosens: true, lines: [] },
        text: 'the model endpoint main: /clearance/confidentiality from internal to restricted',
      },
    ]);
  });

  test('what was agreed to in a form that is not read any more is otherwise, and keeps no server from starting', async () => {
    const { start, changes } = setUp();
    await start({ 'tool.publish_note': { of: 'another time' } });
    await start({ 'tool.publish_note': { of: 'this time' } });
    expect((await changes.list({}))[0]?.pieces).toMatchObject([
      { area: 'tools', loosens: true, text: expect.stringContaining('does not read') },
    ]);
  });

  test('a record names what it can hold, however many it touches: it is written beside answers of models', async () => {
    const house = setUp();
    const workflows = Array.from({ length: 1200 }, (_, n) => `w${n}`);
    await house.uow.transaction(async (tx) => {
      const about = { kind: 'model', subject: 'main/claude-x', from: null, to: digestOf('one'), pieces: [] } as const;
      const touched = { workflows, owners: ['security'], risk: 'low' } as const;
      const opened = { ...about, touched, reason: 'a test', actor: SYSTEM_ACTOR };
      await house.audit.append(tx, await openChange(house.deps, tx, opened));
    });
    expect(house.audit.of('change.opened')[0]?.data).toMatchObject({ workflows: workflows.slice(0, 1000) });
    expect(await house.changes.unreviewed('w1199')).toHaveLength(1);
  });

  test('a right that is taken away is no loosening; one that is given is', async () => {
    const { start, changes } = setUp();
    await start({ identity: { rules: [{ role: 'admin' }, { role: 'operator' }] } });
    await start({ identity: { rules: [{ role: 'operator' }] } });
    expect((await changes.list({}))[0]?.pieces.map(({ loosens }) => loosens)).toEqual([false]);
  });

  test('what is as before again, or otherwise again, or gone, withdraws the change of it', async () => {
    const { start, state } = setUp();
    await start({ identity: { a: 1 }, policy: [] });
    await start({ identity: { a: 2 }, policy: [] });
    await start({ identity: { a: 3 }, policy: [] });
    expect(await state()).toEqual(['identity open', 'identity withdrawn']);
    await start({ identity: { a: 1 }, policy: [] });
    expect(await state()).toEqual(['identity withdrawn', 'identity withdrawn']);
    await start({ policy: [] });
    await start({ identity: { a: 1 }, policy: [] });
    expect((await state())[0]).toBe('identity open');
    await start({ policy: [] });
    expect((await state())[0]).toBe('identity withdrawn');
  });

  test('a no does not close it: it counts as not reviewed while it is in force, at each start', async () => {
    const { start, changes, move, state } = setUp();
    await start({ identity: { a: 1 } });
    await start({ identity: { a: 2 } });
    const [open] = await changes.list({});
    await move(open!, 'reject');
    await start({ identity: { a: 2 } });
    expect(await state()).toEqual(['identity rejected']);
    expect(await changes.unreviewed(CONTRACT.name)).toHaveLength(1);
    await expect(move((await changes.get(open!.change))!, 'reject')).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('H2: a model that answers by another version', () => {
  const answered = (model_answered: string) => {
    const tokens = { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0 };
    const data: RecordData<'model.answered'> = {
      ...{ call: newId('call', fixedClock('2026-11-21T12:00:00.000Z')), prompt: 'note', prompt_version: '1' },
      ...{ input_digest: digestOf('asked'), provider: 'main', simulated: false, model_asked: 'claude-x', attempt: 1 },
      input_label: { integrity: 'trusted', confidentiality: 'public', categories: [] },
      ...{ repair: false, streamed: false, requests: 1, status: 200, request_id: null, ...tokens },
      cost: null,
      ...{ latency_ms: 1, first_text_ms: null, model_answered, stop_reason: 'end_turn', output_category: 'valid' },
    };
    return draft<'model.answered'>({ type: 'model.answered', actor: SYSTEM_ACTOR, data });
  };

  function watched() {
    const house = setUp();
    const audit = versionWatch({ ...house.deps, touched: () => house.touched });
    return { ...house, watch: audit, says: (version: string) => audit.record([answered(version)]) };
  }

  test('opens a change by itself, once, beside the record of the answer', async () => {
    const { says, changes, audit, state } = watched();
    await says('claude-x-1');
    await says('claude-x-1');
    expect(await state()).toEqual([]);
    for (let n = 0; n < 3; n++) await says('claude-x-2');
    expect(await changes.list({})).toMatchObject([
      {
        ...{ kind: 'model', subject: 'main/claude-x', to: digestOf({ answered: 'claude-x-2' }), opened_by: 'system' },
        pieces: [{ text: 'main/claude-x answers as claude-x-2; it was claude-x-1', loosens: true }],
      },
    ]);
    // To and fro between both is the one change that is open; a third version is another.
    for (const version of ['claude-x-1', 'claude-x-2', 'claude-x-3']) await says(version);
    expect(await state()).toEqual(['main/claude-x open', 'main/claude-x open']);
    expect(audit.of('model.answered')).toHaveLength(8);
    expect(audit.of('change.opened')).toHaveLength(2);
  });

  test('once it is agreed to, the one before is another version', async () => {
    const { says, changes, surface, uow, move, clock, state } = watched();
    await says('claude-x-1');
    await says('claude-x-2');
    const [open] = await changes.list({});
    await move(open!, 'approve');
    await uow.transaction((tx) => surface.set(tx, 'model', open!.subject, open!.after));
    clock.advance(10_000);
    await says('claude-x-2');
    await says('claude-x-1');
    expect(await state()).toEqual(['main/claude-x open', 'main/claude-x approved']);
  });

  test('within a transaction that is undone nothing is opened, and it is seen again', async () => {
    const { says, watch, uow, state, clock } = watched();
    await says('claude-x-1');
    const undone = uow.transaction(async (tx) => {
      await watch.append(tx, [answered('claude-x-2')]);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await state()).toEqual([]);
    clock.advance(10_000);
    await says('claude-x-2');
    expect(await state()).toEqual(['main/claude-x open']);
  });

  test('an answer that cannot be judged is not recorded either: nothing acts unrecorded', async () => {
    const house = setUp();
    const surface = { ...house.surface, get: () => Promise.reject(new Error('the database is away')) };
    const watch = versionWatch({ ...house.deps, surface, touched: () => house.touched });
    await expect(watch.record([answered('claude-x-1')])).rejects.toThrow('away');
    expect(house.audit.of('model.answered')).toEqual([]);
  });
});

describe('H2: an approval rests on tests and a red team that were run again', () => {
  async function changed() {
    const house = setUp();
    await house.registered();
    await house.attach('tests');
    await house.attach('red-team');
    await house.start({ identity: { a: 1 } });
    house.clock.advance(1000);
    await house.start({ identity: { a: 2 } });
    const [change] = await house.changes.list({});
    const evidence = () => evidenceOf(house.deps, change!, () => RELEASE);
    const approve = async (proposal = newId('proposal', house.clock), rests = evidence) => {
      const args = { change: change!.change, reason: 'agreed', rests_on: restsOn(await rests()) };
      await house.changes.ask(change!.change, proposal, house.clock.now().toISOString());
      const outcome = await carryOutApproval(house.deps, { args, proposal, actor: SYSTEM_ACTOR });
      await house.changes.answered(change!.change, proposal);
      return outcome;
    };
    const again = async () => {
      house.clock.advance(1000);
      await house.attach('tests');
      await house.attach('red-team');
    };
    return { ...house, change: change!, evidence, approve, again };
  }

  test('reports from before the change count for nothing, and it says what is missing', async () => {
    const { approve, evidence, attach, clock, changes, change } = await changed();
    expect(await approve()).toEqual({
      done: false,
      reason: 'case-note, evidence.tests: there is no report on its tests',
    });
    clock.advance(1000);
    await attach('tests');
    await attach('red-team', false);
    expect((await evidence())[0]?.lacks.map(({ path }) => path)).toEqual(['evidence.red-team']);
    expect((await approve()).done).toBe(false);
    expect((await changes.get(change.change))?.state).toBe('open');
  });

  test('with them it is approved once, is what later starts are compared to, and names its reports', async () => {
    const { approve, again, changes, change, audit, start, state, clock } = await changed();
    await again();
    const proposal = newId('proposal', clock);
    expect(await approve(proposal)).toEqual({ done: true, change: change.change });
    expect(await approve(proposal)).toEqual({ done: true, change: change.change });
    const [move] = await changes.moves(change.change);
    expect(move).toMatchObject({ event: 'approve', proposal });
    expect(move?.evidence).toHaveLength(2);
    expect(audit.of('change.moved')).toMatchObject([{ outcome: 'approved', refs: { proposal } }]);
    await start({ identity: { a: 2 } });
    expect(await state()).toEqual(['identity approved']);
    await start({ identity: { a: 1 } });
    expect(await state()).toEqual(['identity open', 'identity approved']);
  });

  test('what was read when it was asked must hold when it is done', async () => {
    const { approve, again, evidence, attach, clock, move, change } = await changed();
    await again();
    const read = await evidence();
    clock.advance(1000);
    await attach('tests');
    expect(await approve(undefined, async () => read)).toMatchObject({
      done: false,
      reason: 'Another release runs, or other reports were attached, since it was asked: ask again.',
    });
    await move(change, 'withdraw');
    expect(await approve()).toMatchObject({ done: false, reason: expect.stringContaining('decided on otherwise') });
  });

  test('a report that has become old does not do', async () => {
    const { approve, again, clock } = await changed();
    await again();
    clock.advance(24 * HOUR_MS);
    expect(await approve()).toMatchObject({ done: false, reason: expect.stringContaining('hours old') });
  });
});

describe('H2: never a second approval', () => {
  const opened = async (house: ReturnType<typeof setUp>, to: string) => {
    await house.uow.transaction(async (tx) => {
      const about = { kind: 'definition', subject: 'tickets/close', from: null, to: digestOf(to), pieces: [] } as const;
      const change = { ...about, touched: house.touched, reason: 'It was shown.', actor: SYSTEM_ACTOR };
      await house.audit.append(tx, await openChange(house.deps, tx, change));
    });
  };
  const follow = (house: ReturnType<typeof setUp>, to: string, event: 'settle' | 'reject') =>
    house.uow.transaction((tx) =>
      followChange(house.deps, tx, {
        ...{ kind: 'definition', subject: 'tickets/close', to: digestOf(to), event },
        ...{ reason: 'looked at', actor: SYSTEM_ACTOR },
      }),
    );

  test('what is decided on the thing itself decides its change, and no other of the same thing', async () => {
    const house = setUp();
    await opened(house, 'one');
    await opened(house, 'two');
    await follow(house, 'one', 'settle');
    await follow(house, 'two', 'reject');
    expect(await follow(house, 'two', 'reject')).toEqual([]);
    expect(await house.state()).toEqual(['tickets/close rejected', 'tickets/close settled']);
    await follow(house, 'two', 'settle');
    expect(await house.state()).toEqual(['tickets/close settled', 'tickets/close settled']);
  });
});
