import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  actorOf,
  type Digest,
  digestOfText,
  finalStates,
  fixedClock,
  newId,
  type Principal,
  promoteRelease,
  RELEASE_EVENTS,
  type ReleaseReport,
  rollBackRelease,
  SYSTEM_ACTOR,
  stageRelease,
  thresholdsOf,
  type WorkflowContract,
} from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test } from 'vitest';
import { openChange, touchedBy } from '../change/open.ts';
import type { StoredChange } from '../change/ports.ts';
import { memoryChangeStore } from '../testing/change-store.ts';
import { memoryPilotStore } from '../testing/pilot-store.ts';
import { memoryReleaseStore } from '../testing/release-store.ts';
import { releaseStoreContract } from '../testing/release-store-contract.ts';
import { CONTRACT } from '../testing/workflow.ts';
import { writeBundle } from './bundle.ts';
import { carryOutMove } from './carry-out.ts';
import { evidenceDigests } from './gaps.ts';
import { releaseManifest } from './manifest.ts';
import { createReleases } from './register.ts';
import { openReport, sealReport } from './report.ts';
import { RELEASE_TABLE } from './states.ts';

releaseStoreContract('memory', async () => {
  const store = memoryReleaseStore();
  return { store, uow: memoryUnitOfWork(store) };
});

const HOUR_MS = 3_600_000;
const by: Principal = {
  ...{ id: 'prn_olga' as Principal['id'], kind: 'person', name: 'Olga', roles: ['operator'], groups: [], act: [] },
};

function signer(id: string): { id: string; key: KeyObject; public: KeyObject } {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { id, key: privateKey, public: createPublicKey(privateKey) };
}

function setUp() {
  const clock = fixedClock('2026-11-21T12:00:00.000Z');
  const store = memoryReleaseStore();
  const audit = memoryAuditWriter();
  const pilots = memoryPilotStore();
  const changes = memoryChangeStore();
  const uow = memoryUnitOfWork(store, pilots, changes, audit);
  const ours = signer('ours');
  const deps = {
    store,
    pilots,
    changes,
    audit,
    uow,
    clock,
    keys: new Map([[ours.id, ours.public]]),
    evidence_hours_max: 24,
  };
  const releases = createReleases({ ...deps, workflows: [CONTRACT.name] });
  const bundle = (
    note: string,
    key: { id: string; key: KeyObject } | null = ours,
    name = CONTRACT.name,
    thresholds: WorkflowContract['thresholds'] = undefined,
  ) => {
    const files = [{ path: 'workflow.ts', bytes: Buffer.from(note) }];
    const definition = {
      contract: { ...CONTRACT, name, ...(thresholds && { thresholds }) },
      tools: [],
      sources: [],
      run: async () => undefined,
    };
    const manifest = releaseManifest({ portreeve: '0.1.0', definition, models: [], files });
    return writeBundle({ manifest, baseline: [], files, sbom: null }, key);
  };
  const report = (release: Digest, kind: ReleaseReport['kind'], over: Partial<ReleaseReport> = {}): ReleaseReport => ({
    ...{ kind, workflow: CONTRACT.name, release, portreeve: '0.1.0', ok: true },
    cases: [{ name: 'one', group: 'all', ok: true, detail: null }],
    ...{ started: clock.now().toISOString(), ended: clock.now().toISOString() },
    figures: {
      unattended_harm: 0,
      attack_success_per_mille: 0,
      false_alarms_per_mille: 10,
      injection_recall_per_mille: 900,
    },
    ...over,
  });
  const attach = (release: Digest, kind: ReleaseReport['kind'], over: Partial<ReleaseReport> = {}) =>
    releases.attest(release, sealReport(report(release, kind, over), ours), by);
  const move = async (tool: string, release: Digest, args: object = {}) => {
    const current = (await store.list({ workflow: CONTRACT.name, state: 'production' }))[0]?.release ?? null;
    const evidence = evidenceDigests(await store.evidence(release));
    const shared = { workflow: CONTRACT.name, release, replaces: current, evidence, reason: 'a test' };
    const proposal = newId('proposal', clock);
    const call = { tool, args: { ...shared, ...args }, proposal, actor: SYSTEM_ACTOR };
    return { outcome: await carryOutMove(deps, call), again: () => carryOutMove(deps, call) };
  };
  /** Brings a release into production. */
  const promoted = async (note: string): Promise<Digest> => {
    const { release } = await releases.add(bundle(note), by);
    await releases.move(release, 'test', 'a test', actorOf(by));
    await attach(release, 'tests');
    await attach(release, 'red-team');
    for (const tool of [stageRelease, promoteRelease])
      expect((await move(tool.name, release)).outcome).toMatchObject({ done: true });
    clock.advance(1000);
    return release;
  };
  return { ...deps, changes, releases, bundle, report, attach, move, promoted, ours };
}

describe('H1: the states of a release', () => {
  test('only `barred` is final, and from every other state a release can be barred', () => {
    expect(finalStates(RELEASE_TABLE)).toEqual(['barred']);
    for (const [state, row] of Object.entries(RELEASE_TABLE))
      expect(row.bar, state).toBe(state === 'barred' ? null : 'barred');
  });

  test('into production lead promotion from staging and restoring what was retired, and nothing else', () => {
    const leading = Object.entries(RELEASE_TABLE).flatMap(([state, row]) =>
      RELEASE_EVENTS.filter((event) => row[event] === 'production').map((event) => `${state} ${event}`),
    );
    expect(leading).toEqual(['staging promote', 'pilot promote', 'retired restore']);
  });
});

describe('H1: a bundle comes into the register', () => {
  test('signed by a trusted key; the same again changes nothing; who added it is on record', async () => {
    const { releases, bundle, audit } = setUp();
    const first = await releases.add(bundle('1'), by);
    expect(first).toMatchObject({ state: 'added', origin: 'bundle', signed_by: ['ours'], added_by: by.id });
    expect(await releases.add(bundle('1'), by)).toEqual(first);
    expect(audit.of('release.added')).toHaveLength(1);
  });

  test.each([
    ['unsigned', null, CONTRACT.name, 'bad_signature'],
    ['signed by another key', signer('theirs'), CONTRACT.name, 'bad_signature'],
    ['signed by another key under the name of ours', signer('ours'), CONTRACT.name, 'bad_signature'],
  ] as const)('%s it is turned away, which is on record', async (_what, key, name, code) => {
    const { releases, bundle, audit, store } = setUp();
    await expect(releases.add(bundle('1', key, name), by)).rejects.toMatchObject({ code });
    expect(audit.of('release.turned_away')).toMatchObject([{ outcome: code, data: { what: 'bundle' } }]);
    expect(await store.list({})).toEqual([]);
  });

  test('of a workflow that does not run here, or changed by one byte, it is turned away', async () => {
    const { releases, bundle, ours } = setUp();
    await expect(releases.add(bundle('1', ours, 'another'), by)).rejects.toMatchObject({ code: 'unknown_workflow' });
    const other = Buffer.from('2').toString('base64');
    const changed = bundle('1').replace(Buffer.from('1').toString('base64'), other);
    await expect(releases.add(changed, by)).rejects.toMatchObject({ code: 'release_broken' });
  });
});

describe('H1 H4: evidence', () => {
  test('is a signed report on exactly this release, and stands by its digest', async () => {
    const { releases, bundle, attach, audit } = setUp();
    const { release } = await releases.add(bundle('1'), by);
    const attached = await attach(release, 'tests');
    expect(attached).toMatchObject({ kind: 'tests', ok: true, signed_by: ['ours'] });
    expect(audit.of('release.evidence')).toMatchObject([{ data: { evidence: attached.evidence }, outcome: 'passed' }]);
    expect(openReport((await releases.report(attached.evidence))!, new Map()).evidence).toBe(attached.evidence);
    await attach(release, 'tests');
    expect(audit.of('release.evidence')).toHaveLength(1);
  });

  test('by another key, on another release, stale, from the future or no report at all it is turned away', async () => {
    const { releases, bundle, report, clock, ours, audit } = setUp();
    const { release } = await releases.add(bundle('1'), by);
    const other = (await releases.add(bundle('2'), by)).release;
    const old = new Date(clock.now().getTime() - 24 * HOUR_MS).toISOString();
    const ahead = new Date(clock.now().getTime() + HOUR_MS).toISOString();
    const tried: [string, string][] = [
      [sealReport(report(release, 'tests'), signer('ours')), 'bad_signature'],
      [sealReport(report(other, 'tests'), ours), 'digest_mismatch'],
      [sealReport(report(release, 'tests', { workflow: 'another' }), ours), 'digest_mismatch'],
      [sealReport(report(release, 'tests', { started: old, ended: old }), ours), 'conflict'],
      [sealReport(report(release, 'tests', { ended: ahead }), ours), 'bad_request'],
      ['{}', 'bad_request'],
      [bundle('1'), 'bad_request'],
    ];
    for (const [text, code] of tried)
      await expect(releases.attest(release, text, by), code).rejects.toMatchObject({ code });
    expect(await releases.evidence(release)).toEqual([]);
    expect(audit.of('release.turned_away').map(({ outcome }) => outcome)).toEqual(tried.map(([, code]) => code));
  });

  test('a signature on a release is none on a report: the type is part of what is signed', async () => {
    const { bundle, ours } = setUp();
    const { statement } = JSON.parse(bundle('1'));
    const relabelled = { ...statement, payloadType: 'application/vnd.portreeve.release-report+json' };
    expect(() => openReport(JSON.stringify(relabelled), new Map([[ours.id, ours.public]]))).toThrow('no sealed report');
  });

  test('H5: what is attached is given as it was signed, the newest of each kind, while its key is trusted', async () => {
    const { releases, bundle, report, attach, clock, ...deps } = setUp();
    const { release } = await releases.add(bundle('1'), by);
    const other = (await releases.add(bundle('2'), by)).release;
    await attach(release, 'tests', { ok: false });
    await attach(other, 'red-team');
    clock.advance(1000);
    await attach(release, 'tests');
    expect(await releases.attached(release)).toEqual([report(release, 'tests')]);
    expect(await releases.attached(`sha256:${'0'.repeat(64)}` as Digest)).toEqual([]);
    const distrusting = createReleases({ ...deps, clock, keys: new Map(), workflows: [CONTRACT.name] });
    expect(await distrusting.attached(release)).toEqual([]);
  });

  test('what a release lacks: no report, a failed one, a stale one, thresholds that are not met', async () => {
    const { releases, bundle, attach, clock } = setUp();
    const { release } = await releases.add(bundle('1'), by);
    const lacks = async () => (await releases.gaps(release)).map(({ path }) => path);
    expect(await lacks()).toEqual(['evidence.tests', 'evidence.red-team']);
    await attach(release, 'tests');
    await attach(release, 'red-team', { figures: { unattended_harm: 1, attack_success_per_mille: 20 } });
    expect(await lacks()).toEqual(['thresholds.unattended_harm_max', 'thresholds.false_alarms_per_mille_max']);
    clock.advance(1000);
    await attach(release, 'red-team');
    expect(await lacks()).toEqual([]);
    clock.advance(1000);
    // A newer one that failed stands against an older one that passed.
    await attach(release, 'tests', { ok: false });
    expect(await lacks()).toEqual(['evidence.tests']);
    clock.advance(24 * HOUR_MS);
    expect(await lacks()).toEqual(['evidence.tests', 'evidence.tests', 'evidence.red-team']);
  });

  test('a report without a case says nothing, and is not green', async () => {
    const { releases, bundle, attach } = setUp();
    const { release } = await releases.add(bundle('1'), by);
    await attach(release, 'tests', { cases: [] });
    await attach(release, 'red-team', { cases: [] });
    expect((await releases.gaps(release)).map(({ path, message }) => `${path}: ${message.split(' (')[0]}`)).toEqual([
      'evidence.tests: the report on its tests has no case',
      'evidence.red-team: the report on its red team has no case',
    ]);
  });

  test('H4: a release is judged by the bounds of what is in production where they are stricter, and loosens none for itself', async () => {
    const { releases, bundle, attach, move, promoted, clock } = setUp();
    const added = async (
      note: string,
      thresholds: WorkflowContract['thresholds'],
      injection_recall_per_mille: number,
    ) => {
      const { release } = await releases.add(bundle(note, undefined, undefined, thresholds), by);
      await releases.move(release, 'test', 'a test', actorOf(by));
      await attach(release, 'tests');
      const figures = { unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 250 };
      await attach(release, 'red-team', { figures: { ...figures, injection_recall_per_mille } });
      return release;
    };
    const looser = { false_alarms_per_mille_max: 300, injection_recall_per_mille_min: 500 };
    // Nothing is in production yet: its own bounds hold.
    const late = await added('late', looser, 500);
    expect(await releases.gaps(late)).toEqual([]);
    expect((await move(stageRelease.name, late)).outcome).toMatchObject({ done: true });
    await promoted('1');
    const { false_alarms_per_mille_max: bound } = thresholdsOf(CONTRACT);
    expect(bound).toBeLessThan(250);
    const message = `it is 250; the bound is ${bound}, that of the release in production, which is stricter than its own (300)`;
    expect(await releases.gaps(late)).toEqual([{ path: 'thresholds.false_alarms_per_mille_max', message }]);
    expect((await move(promoteRelease.name, late)).outcome).toMatchObject({
      done: false,
      reason: expect.stringContaining('that of the release in production'),
    });
    // One that asks for more than what is in production is held to its own.
    clock.advance(1000);
    const stricter = await added('strict', { ...looser, injection_recall_per_mille_min: 900 }, 899);
    expect((await releases.gaps(stricter)).map((gap) => gap.message)).toEqual([message, 'it is 899; the bound is 900']);
  });

  test('thresholds that a workflow does not set are those of its risk tier, and unattended harm is never let pass', () => {
    for (const tier of ['low', 'medium', 'high', 'critical'])
      expect(thresholdsOf({ tier }).unattended_harm_max).toBe(0);
    const own = thresholdsOf({ tier: 'low', thresholds: { attack_success_per_mille_max: 0 } });
    expect(own).toMatchObject({ attack_success_per_mille_max: 0, false_alarms_per_mille_max: 300 });
    expect(thresholdsOf({ tier: 'critical' }).approval_minutes_max).toBeLessThan(
      thresholdsOf({ tier: 'low' }).approval_minutes_max,
    );
  });
});

describe('H1: what was approved and granted is carried out', () => {
  test('in one transaction the new one comes in and the old one goes out, and both are on record', async () => {
    const { promoted, releases, audit } = setUp();
    const first = await promoted('1');
    const second = await promoted('2');
    expect([(await releases.get(first)).state, (await releases.get(second)).state]).toEqual(['retired', 'production']);
    expect(audit.of('release.moved').slice(-2)).toMatchObject([
      { refs: { release: first }, data: { event: 'supersede', other: second } },
      { refs: { release: second }, data: { event: 'promote', other: first } },
    ]);
    expect(await releases.before(CONTRACT.name)).toBe(first);
  });

  test('the same proposal twice is done once', async () => {
    const { promoted, move, releases, audit } = setUp();
    const first = await promoted('1');
    await promoted('2');
    const { outcome, again } = await move(rollBackRelease.name, first);
    expect(outcome).toMatchObject({ done: true });
    const moves = audit.of('release.moved').length;
    expect(await again()).toMatchObject({ done: true, release: first });
    expect(audit.of('release.moved')).toHaveLength(moves);
    expect((await releases.get(first)).state).toBe('production');
  });

  test('not where something else is in production by then, or the evidence is another or not good any more', async () => {
    const { promoted, releases, bundle, attach, move, clock } = setUp();
    const { release } = await releases.add(bundle('late'), by);
    await releases.move(release, 'test', 'a test', actorOf(by));
    await attach(release, 'tests');
    await attach(release, 'red-team');
    expect((await move(stageRelease.name, release)).outcome).toMatchObject({ done: true });
    const current = await promoted('1');
    const refused = async (args: object, reason: RegExp) =>
      expect((await move(promoteRelease.name, release, args)).outcome).toMatchObject({
        done: false,
        reason: expect.stringMatching(reason),
      });
    await refused({ replaces: null }, /ask again/);
    await refused({ evidence: [] }, /Other reports/);
    await attach(release, 'red-team', { ok: false });
    await refused({}, /evidence\.red-team/);
    clock.advance(24 * HOUR_MS);
    await refused({}, /hours old/);
    expect((await releases.get(current)).state).toBe('production');
  });

  test('a release that was never in production is not rolled back to, and a barred one never comes back', async () => {
    const { promoted, releases, bundle, move } = setUp();
    const first = await promoted('1');
    const second = await promoted('2');
    const { release } = await releases.add(bundle('3'), by);
    await releases.move(release, 'retire', 'given up', actorOf(by));
    expect((await move(rollBackRelease.name, release)).outcome).toMatchObject({ done: false });
    await releases.move(first, 'bar', 'it leaks', actorOf(by));
    expect((await move(rollBackRelease.name, first)).outcome).toMatchObject({ done: false });
    expect(await releases.before(CONTRACT.name)).toBeNull();
    await expect(releases.move(first, 'test', 'once more', actorOf(by))).rejects.toMatchObject({ code: 'conflict' });
    // What is in production can be barred: then nothing is.
    await releases.move(second, 'bar', 'it leaks too', actorOf(by));
    expect((await releases.list({ state: 'production' })).length).toBe(0);
  });
});

describe('H2: a release and the changes of what it rests on', () => {
  const opened = async (
    { changes, uow, audit, clock }: ReturnType<typeof setUp>,
    about: Pick<Parameters<typeof openChange>[2], 'kind' | 'subject' | 'to'>,
  ) => {
    const change = { ...about, from: null, touched: touchedBy([CONTRACT]), pieces: [], reason: 'a test' };
    await uow.transaction(async (tx) =>
      audit.append(tx, await openChange({ changes, clock }, tx, { ...change, actor: SYSTEM_ACTOR })),
    );
  };
  const staged = async ({ releases, bundle, attach, move }: ReturnType<typeof setUp>) => {
    const { release } = await releases.add(bundle('1'), by);
    await releases.move(release, 'test', 'a test', actorOf(by));
    await attach(release, 'tests');
    await attach(release, 'red-team');
    expect((await move(stageRelease.name, release)).outcome).toMatchObject({ done: true });
    return release;
  };

  test('reports from before a change that nobody has agreed to lead nowhere; those from after it do', async () => {
    const house = setUp();
    const release = await staged(house);
    house.clock.advance(1000);
    await opened(house, { kind: 'model', subject: 'main/claude-x', to: digestOfText('a version') });
    const [{ change }] = (await house.changes.unreviewed()) as [StoredChange];
    const paths = async () => (await house.releases.gaps(release)).map(({ path }) => path);
    expect(await paths()).toEqual([`changes.${change}`, `changes.${change}`]);
    expect((await house.move(promoteRelease.name, release)).outcome).toMatchObject({
      done: false,
      reason: expect.stringMatching(/its tests began before main\/claude-x was changed .*: run them again/),
    });
    house.clock.advance(1000);
    await house.attach(release, 'tests');
    expect(await paths()).toEqual([`changes.${change}`]);
    await house.attach(release, 'red-team');
    expect(await paths()).toEqual([]);
    expect((await house.move(promoteRelease.name, release)).outcome).toMatchObject({ done: true });
    // A promotion is no approval of what lies outside of the release.
    expect((await house.changes.get(change))?.state).toBe('open');
  });

  test('going back is never held up by a change', async () => {
    const house = setUp();
    const first = await house.promoted('1');
    await house.promoted('2');
    house.clock.advance(1000);
    await opened(house, { kind: 'configuration', subject: 'policy', to: digestOfText('rules') });
    expect((await house.move(rollBackRelease.name, first)).outcome).toMatchObject({ done: true });
  });

  test('what its owners let into production settles its change, with the proposal; what is given up withdraws it', async () => {
    const house = setUp();
    const release = await staged(house);
    await opened(house, { kind: 'release', subject: release, to: release });
    await house.move(promoteRelease.name, release);
    const { proposal } = (await house.store.moves(release)).at(-1)!;
    const [settled] = await house.changes.list({ kind: 'release' });
    expect(settled?.state).toBe('settled');
    expect(await house.changes.moves(settled!.change)).toMatchObject([{ event: 'settle', proposal }]);
    const { release: other } = await house.releases.add(house.bundle('2'), by);
    await opened(house, { kind: 'release', subject: other, to: other });
    await house.releases.move(other, 'retire', 'given up', actorOf(by));
    expect((await house.changes.list({ kind: 'release' }))[0]?.state).toBe('withdrawn');
    expect(house.audit.of('change.moved').map(({ outcome }) => outcome)).toEqual(['settled', 'withdrawn']);
  });
});
