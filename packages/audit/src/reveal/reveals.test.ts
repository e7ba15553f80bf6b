import { fixedClock, type Principal, principalSchema, type RevealId } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { createRedactor } from '../redact/redactor.ts';
import type { FoundValue } from './find-behind.ts';
import type { Reveal, RevealStore } from './ports.ts';
import { createReveals } from './reveals.ts';

const redactor = createRedactor({ key: Buffer.alloc(32, 3) });
const MARK = redactor.text('ada@example.org');
const person = (name: string, more = {}): Principal =>
  principalSchema.parse({ id: `prn_${name}`, kind: 'person', name, roles: ['auditor'], groups: [], ...more });
const [asker, other] = [person('asker'), person('other')];

describe('G5: reveals', () => {
  const clock = fixedClock('2026-11-21T09:00:00.000Z');
  let byId: Map<RevealId, Reveal>;
  let audit: ReturnType<typeof memoryAuditWriter>;
  let found: FoundValue | null;
  beforeEach(() => {
    clock.set('2026-11-21T09:00:00.000Z');
    byId = new Map();
    audit = memoryAuditWriter();
    found = { value: 'ada@example.org', run: 'run_1' as never };
  });
  const store: RevealStore = {
    insert: async (_tx, reveal) => void byId.set(reveal.id, reveal),
    lock: async (_tx, id) => byId.get(id) ?? null,
    get: async (id) => byId.get(id) ?? null,
    update: async (_tx, id, change) => void byId.set(id, { ...byId.get(id)!, ...change }),
    list: async () => [...byId.values()],
  };
  const reveals = (second_person = true) =>
    createReveals({ store, audit, uow: memoryUnitOfWork(), clock, redactor, second_person, find: async () => found });
  const wish = { mark: MARK, run: null, reason: 'a claim of bob@example.org' };

  test('where no second person is needed the value comes at once, after the record of it', async () => {
    expect(await reveals(false).request(wish, asker, null)).toMatchObject({ value: 'ada@example.org', state: 'shown' });
    expect(audit.types()).toEqual(['audit.reveal_requested', 'audit.revealed']);
    audit.failWith(new Error('the disk is full'));
    await expect(reveals(false).request(wish, asker, null)).rejects.toThrow('the disk is full');
  });

  test('what is kept of the wish is redacted, and the value is not', async () => {
    await reveals().request(wish, asker, null);
    expect(JSON.stringify(await reveals().list({ limit: 50, after: null }))).not.toContain('example.org');
  });

  test('INV3: a value whose showing cannot be recorded is not shown, and can be shown later', async () => {
    const { id } = await reveals().request(wish, asker, null);
    await reveals().allow(id, other);
    audit.failWith(new Error('the disk is full'));
    await expect(reveals().show(id, asker, null)).rejects.toThrow('the disk is full');
  });

  test('a wish waits for a day, and what was allowed can be seen for a quarter of an hour', async () => {
    const { id } = await reveals().request(wish, asker, null);
    clock.advance(24 * 3_600_000);
    await expect(reveals().allow(id, other)).rejects.toThrow(/time .* is over/);
    const next = await reveals().request(wish, asker, null);
    clock.advance(24 * 3_600_000 - 1);
    await reveals().allow(next.id, other);
    clock.advance(15 * 60_000);
    await expect(reveals().show(next.id, asker, null)).rejects.toThrow(/time .* is over/);
  });

  test('two people; who allowed may take it back until it is shown; nobody else sees it', async () => {
    const { id } = await reveals().request(wish, asker, null);
    await expect(reveals().allow(id, asker)).rejects.toMatchObject({ code: 'approver_is_requester' });
    await reveals().allow(id, other);
    await expect(reveals().show(id, other, null)).rejects.toMatchObject({ code: 'conflict' });
    expect(await reveals().refuse(id, 'not any more', other)).toMatchObject({ state: 'refused' });
    await expect(reveals().show(id, asker, null)).rejects.toMatchObject({ code: 'conflict' });
    await expect(reveals().show('rvl_none' as RevealId, asker, null)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('no agent, and none in the name of a person; nobody is asked to allow what is not kept', async () => {
    const through = person('asker', { act: [{ id: 'prn_agent', kind: 'agent' }] });
    await expect(reveals().request(wish, through, null)).rejects.toMatchObject({ code: 'refused' });
    const service = person('service', { kind: 'service' });
    await expect(reveals().request(wish, service, null)).rejects.toMatchObject({ code: 'refused' });
    found = null;
    await expect(reveals().request(wish, asker, null)).rejects.toMatchObject({ code: 'not_found' });
    expect(audit.drafts).toEqual([]);
  });

  test('the value is found in data however it was written there, and none of another type or kind', () => {
    const data = { 'x y': [{ note: `to Ada@Example.org, ${MARK}` }, { card: 4111111111111111 }] };
    expect(redactor.behind(data, MARK)).toBe('Ada@Example.org');
    expect(redactor.behind({ 'ada@example.org': 1 }, MARK)).toBe('ada@example.org');
    expect(redactor.behind(data, redactor.text('4111-1111-1111-1111'))).toBe('4111111111111111');
    expect(redactor.behind(data, MARK.replace('email', 'iban'))).toBeNull();
    expect(redactor.behind(data, MARK.replace('personal', 'secret'))).toBeNull();
    expect(createRedactor({ key: Buffer.alloc(32, 4) }).behind(data, MARK)).toBeNull();
  });
});
