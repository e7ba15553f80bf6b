import { fixedClock, type Principal } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { expect, test } from 'vitest';
import { memoryAgentSessionStore } from '../testing/agent-session-store.ts';
import { declare, liveSessions, ownerDigest } from './live-session.ts';

const WHO = { id: 'prn_one', kind: 'person', name: 'one', roles: [], groups: [], act: [] } as unknown as Principal;

test('D5 INV1: of two declarations at once the session keeps one whole: its request stands with its own intent', async () => {
  const store = memoryAgentSessionStore();
  const audit = memoryAuditWriter();
  const deps = { store, audit, uow: memoryUnitOfWork(audit, store), clock: fixedClock('2026-11-21T10:00:00.000Z') };
  const sessions = liveSessions({ ...deps, idle_minutes: 60 });
  await sessions.look(WHO, () => undefined);
  const intent = (tool: string) => ({ calls: [{ tool, times: 1 }] });
  await Promise.all(
    ['first', 'second'].map((task) => sessions.change(WHO, (at) => declare(at, { task }, intent(task)))),
  );
  const live = await sessions.look(WHO, (at) => at.session.snapshot());
  const stored = await store.find(ownerDigest(WHO));
  expect(stored?.head.intent).toEqual(live.intent);
  expect(stored?.sources).toEqual(live.sources);
  expect(JSON.stringify(stored?.sources)).toContain(live.intent.calls[0]!.tool);
});
