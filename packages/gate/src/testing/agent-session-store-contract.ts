import { asId, digestOf, type PrincipalId, type ProposalId, type UnitOfWork } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import type { AgentSessionStore, StoredAgentSession } from '../outside/ports.ts';
import { openSession } from '../session/session.ts';

export interface AgentSessionStoreHarness {
  readonly store: AgentSessionStore;
  readonly uow: UnitOfWork;
  /** A proposal that exists, as calls refer to one. */
  proposal(): Promise<ProposalId>;
  close?(): Promise<void>;
}

let made = 0;

function testAgentSession(principal: PrincipalId = asId('principal', 'prn_agent')): StoredAgentSession {
  const { sources, ...snapshot } = openSession({ task: 'look' }).snapshot();
  return {
    id: asId('agent_session', `ags_${++made}-${process.pid}`),
    principal,
    head: { ...snapshot, injection: 0, full: false, proposals: 0 },
    sources,
    version: 1,
    used_at: '2026-11-21T10:00:00.000Z',
  };
}

/** What every store of agent sessions promises. */
export function agentSessionStoreContract(name: string, make: () => Promise<AgentSessionStoreHarness>): void {
  describe(`agent sessions: ${name}`, () => {
    const owner = (text: string) => digestOf({ owner: text, n: ++made, pid: process.pid });
    const read = { origin: 'look#1', trust: 'untrusted', value: { text: 'hello' }, structured: true } as const;

    test('D5: a session comes back as it was saved, and is saved on its own version alone', async () => {
      const { store, uow, close } = await make();
      const who = owner('a');
      const session = testAgentSession();
      expect(await store.find(who)).toBeNull();
      expect(await uow.transaction((tx) => store.insert(tx, who, session))).toBe(true);
      expect(await uow.transaction((tx) => store.insert(tx, who, testAgentSession()))).toBe(false);
      expect(await store.find(who)).toEqual(session);
      const head = { ...session.head, state: 'tainted' as const, proposals: 3 };
      const next = { ...session, head, used_at: '2026-11-21T10:01:00.000Z' };
      expect(await uow.transaction((tx) => store.save(tx, next, { from: 1, sources: [read] }))).toBe(true);
      expect(await uow.transaction((tx) => store.save(tx, next, { from: 1, sources: [read] }))).toBe(false);
      expect(await store.find(who)).toEqual({ ...next, sources: [...session.sources, read], version: 2 });
      // Before anything is read, the request itself may be written anew.
      const other = owner('anew');
      const begun = testAgentSession();
      await uow.transaction((tx) => store.insert(tx, other, begun));
      expect(await uow.transaction((tx) => store.save(tx, begun, { from: 0, sources: [read] }))).toBe(true);
      expect((await store.find(other))?.sources).toEqual([read]);
      await close?.();
    });

    test('D5: an ended session is found no more, and another may begin', async () => {
      const { store, uow, close } = await make();
      const who = owner('b');
      const session = testAgentSession();
      await uow.transaction((tx) => store.insert(tx, who, session));
      expect(await uow.transaction((tx) => store.end(tx, session.id, '2026-11-21T11:00:00.000Z'))).toBe(true);
      expect(await uow.transaction((tx) => store.end(tx, session.id, '2026-11-21T11:00:00.000Z'))).toBe(false);
      expect(await store.find(who)).toBeNull();
      expect(await uow.transaction((tx) => store.save(tx, session, { from: 1, sources: [] }))).toBe(false);
      expect(await uow.transaction((tx) => store.insert(tx, who, testAgentSession()))).toBe(true);
      await close?.();
    });

    test('I4: a call waits once, is known to its owner alone, and is told once', async () => {
      const { store, uow, proposal, close } = await make();
      const [who, other] = [owner('c'), owner('d')];
      const key = digestOf({ tool: 'look', n: ++made });
      const call = { proposal: await proposal(), owner: who, key };
      expect(await uow.transaction((tx) => store.waits(tx, call))).toBe(true);
      const second = { ...call, proposal: await proposal() };
      expect(await uow.transaction((tx) => store.waits(tx, second))).toBe(false);
      expect(await store.waiting(who, key)).toEqual({ ...call, delivered: false });
      expect(await store.waiting(other, key)).toBeNull();
      expect(await store.call(other, call.proposal)).toBeNull();
      expect(await uow.transaction((tx) => store.deliver(tx, call.proposal))).toBe(true);
      expect(await uow.transaction((tx) => store.deliver(tx, call.proposal))).toBe(false);
      expect(await store.waiting(who, key)).toBeNull();
      expect(await store.call(who, call.proposal)).toEqual({ ...call, delivered: true });
      expect(await uow.transaction((tx) => store.waits(tx, second))).toBe(true);
      await close?.();
    });
  });
}
