import { draft, SYSTEM_ACTOR } from '@portreeve/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestServer, testServer, WORKFLOW } from '../testing/server.ts';

describe('G7: reading the record', () => {
  let house: TestServer;
  let run: string;
  let own: number;
  let foreign: number;
  beforeAll(async () => {
    house = await testServer({ config: { audit: { scopes: { 'auditors-notes': [WORKFLOW], 'auditors-none': [] } } } });
    const ended = await house.submit({ case_id: 'CASE-1', publish: false });
    await house.ended(ended.id);
    run = ended.id;
    const other = { workflow: 'payroll', run: 'run_payroll' } as never;
    await house.server.services.audit.record([
      draft({ type: 'handoff.closed', actor: SYSTEM_ACTOR, refs: other, data: { note: 'salary of somebody' } }),
    ]);
    const { audit } = house.server.services;
    own = (await audit.search({ run: ended.id, limit: 1 })).records[0]!.entry.index;
    foreign = (await audit.search({ workflow: 'payroll' })).records[0]!.entry.index;
    await house.addAccount('narrow', ['auditor'], ['auditors-notes']);
    await house.addAccount('nothing', ['auditor'], ['auditors-none']);
    await house.addAccount('both', ['auditor'], ['auditors-none', 'auditors-notes']);
  }, 120_000);
  afterAll(() => house?.close());

  /** What each route shows of the own workflow, of another one, and of what belongs to none. */
  const routes: Readonly<Record<string, (who: string, index: number, run: string) => Promise<boolean>>> = {
    search: async (who, index) => {
      const { body } = await (await house.as(who)).get('/v1/audit/records?limit=500');
      return body.records.some((each: { entry: { index: number } }) => each.entry.index === index);
    },
    show: async (who, index) => (await (await house.as(who)).get(`/v1/audit/records/${index}`)).status === 200,
    proof: async (who, index) => (await (await house.as(who)).get(`/v1/audit/proof/${index}`)).status === 200,
    export: async (who, index) => {
      const { token } = await house.signIn(who);
      const headers = { authorization: `Bearer ${token}` };
      const text = await (await fetch(`${house.url}/v1/audit/export`, { headers })).text();
      return text.includes(`\\"index\\\\":${index},`) || text.includes(`index\\\\\\":${index},`);
    },
    replay: async (who, _index, of) => (await (await house.as(who)).get(`/v1/audit/replay/${of}`)).status === 200,
  };

  test.each(Object.keys(routes))('%s shows each reader the records of their scope and no other', async (name) => {
    const see = routes[name]!;
    const seen: Record<string, boolean[]> = {};
    for (const who of ['auditor', 'narrow', 'both', 'nothing']) {
      seen[who] = [await see(who, own, run), await see(who, foreign, 'run_payroll')];
      if (name !== 'replay') seen[who].push(await see(who, 0, ''));
    }
    const all = name === 'replay' ? [true, true] : [true, true, true];
    const narrow = name === 'replay' ? [true, false] : [true, false, false];
    expect(seen).toEqual({ auditor: all, narrow, both: narrow, nothing: all.map(() => false) });
  });

  test('C7 G7: recorded decisions are those of the reader’s scope, streamed or tried on a candidate', async () => {
    const admitted = await house.server.services.audit.search({ type: 'run.admitted', limit: 1 });
    const { data } = admitted.records[0]!.payload!;
    const other = { workflow: 'payroll', run: 'run_payroll' } as never;
    await house.server.services.audit.record([
      draft({ type: 'run.admitted', actor: SYSTEM_ACTOR, refs: other, data: data as never }),
    ]);
    const workflows = async (who: string) => {
      const { token } = await house.signIn(who);
      const headers = { authorization: `Bearer ${token}` };
      const text = await (await fetch(`${house.url}/v1/policy/decisions`, { headers })).text();
      const places = text
        .trimEnd()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).record);
      const { audit } = house.server.services;
      const records = await Promise.all(places.map((place) => audit.get(place)));
      return records.map((record) => record?.entry.refs.workflow);
    };
    const [all, narrow, nothing] = [await workflows('auditor'), await workflows('narrow'), await workflows('nothing')];
    expect(all).toContain('payroll');
    expect(narrow).toEqual(all.filter((workflow) => workflow === WORKFLOW));
    expect([narrow.length > 0, nothing]).toEqual([true, []]);
    for (const [who, of] of [
      ['auditor', all],
      ['narrow', narrow],
      ['nothing', nothing],
    ] as const) {
      const by = await house.as(who);
      const { files } = (await by.get('/v1/policy/files')).body;
      const { status, body } = await by.post('/v1/policy/replays', { files });
      expect([who, status, body.total]).toEqual([who, 200, of.length]);
    }
  });

  test('H8 G7: reports and registers are of the records of the reader’s scope, and say so', async () => {
    const report = async (who: string) => (await (await house.as(who)).get('/v1/evidence/soc-2')).body;
    expect((await report('auditor')).scope).toBeNull();
    expect(await report('nothing')).toMatchObject({ scope: [], proofs: [] });
    const narrow = await report('narrow');
    expect(narrow.scope).toEqual([WORKFLOW]);
    const named: { entry: string }[] = narrow.proofs;
    expect(named.length).toBeGreaterThan(0);
    for (const { entry } of named) expect(JSON.parse(entry).refs.workflow).toBe(WORKFLOW);
    const keys = async (who: string, name: string) =>
      (await (await house.as(who)).get(`/v1/registers/${name}`)).body.rows.map(({ key }: { key: string }) => key);
    expect(await keys('narrow', 'ai-systems')).toEqual([WORKFLOW]);
    expect(await keys('nothing', 'ai-systems')).toEqual([]);
    expect(await keys('nothing', 'data-flows')).toEqual([]);
    expect(await keys('nothing', 'incidents')).toEqual([]);
  });

  test('a bundle of entries shows every workflow: it is not for who reads by scope; hashes are', async () => {
    await house.server.services.audit.checkpoint();
    const size = await house.server.services.audit.main.newestCheckpoint().then((newest) => newest!.size);
    const tile = async (who: string, path: string) =>
      (await (await house.as(who)).get(`/v1/audit/tlog/tile/${path}.p/${size}`)).status;
    for (const who of ['narrow', 'both', 'nothing']) {
      expect(await tile(who, 'entries/000'), who).toBe(403);
      expect(await tile(who, '0/000'), who).toBe(200);
    }
    expect(await tile('auditor', 'entries/000')).toBe(200);
  });

  test('a filter does not widen a scope, and neither does a word', async () => {
    const narrow = await house.as('narrow');
    for (const query of ['workflow=payroll', 'words=salary', 'run=run_payroll', `workflows=payroll`]) {
      const { status, body } = await narrow.get(`/v1/audit/records?${query}`);
      expect(status === 400 || body.records.length === 0, query).toBe(true);
    }
  });

  test('each search and view leaves exactly one record, also of readings, and reading goes to an end', async () => {
    const { audit } = house.server.services;
    const auditor = await house.as('auditor');
    for (const path of ['/v1/audit/records?type=audit.read', '/v1/audit/records/0', `/v1/audit/replay/${run}`]) {
      const before = await audit.main.size();
      expect((await auditor.get(path)).status).toBe(200);
      expect(await audit.main.size()).toBe(before + 1);
      expect((await audit.get(String(before)))?.entry).toMatchObject({
        type: 'audit.read',
        actor: { id: auditor.principal.id },
      });
    }
    // The readings of readings, page by page: what a page adds lies behind it and is not on the next one.
    const before = await audit.main.size();
    let pages = 0;
    for (let after = ''; ; pages++) {
      const { body } = await auditor.get(`/v1/audit/records?type=audit.read&limit=2${after}`);
      if (body.next === null) break;
      after = `&after=${body.next}`;
    }
    expect(await audit.main.size()).toBe(before + pages + 1);
  });
});
