import { asId, digestOf, fixedClock, isPortreeveError, PortreeveError } from '@portreeve/contract';
import { memoryAuditWriter, memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test } from 'vitest';
import { parseCheckpoint } from './checkpoint-text.ts';
import { leafHash } from './merkle.ts';
import { openNote } from './note.ts';
import { verifyConsistency, verifyInclusion } from './proof.ts';
import {
  appendNotes,
  memoryAuditStore,
  noteDraft,
  TEST_ACTOR,
  TEST_ORIGIN,
  TEST_START,
  testAuditLog,
} from './testing/index.ts';

const RELEASE = digestOf('a release');
const code = (expected: string) => (error: unknown) => isPortreeveError(error) && error.code === expected;

describe('append', () => {
  test('G1: an entry binds its payload, and pins the bytes of the leaf', async () => {
    const { log, store, uow } = testAuditLog();
    const run = asId('run', 'run_a');
    await uow.transaction((tx) =>
      log.append(tx, [
        noteDraft('done', { refs: { run, workflow: 'triage', release: RELEASE }, outcome: 'closed', key: 'k' }),
      ]),
    );
    const record = await log.get(0);
    expect(record?.entry).toEqual({
      v: 1,
      id: expect.stringMatching(/^rec_/),
      log: TEST_ORIGIN,
      index: 0,
      time: TEST_START,
      type: 'handoff.closed',
      actor: { id: TEST_ACTOR.id, kind: TEST_ACTOR.kind, act: TEST_ACTOR.act },
      refs: { run: 'run_a', workflow: 'triage', release: RELEASE },
      keys: [expect.stringMatching(/^key_/)],
      outcome: 'closed',
      payload_digest: digestOf(record!.payload),
    });
    expect(record?.payload).toEqual({
      nonce: expect.stringMatching(/^[\w-]{22}$/),
      actor_name: 'analyst',
      data: { note: 'done' },
    });
    const stored = await store.record(TEST_ORIGIN, 0);
    expect(stored?.entry).toBe(
      `{"actor":{"act":[{"id":"agent:incident-summary","kind":"agent"}],"id":"prn_analyst","kind":"person"},` +
        `"id":"${record!.entry.id}","index":0,"keys":["${record!.entry.keys[0]}"],"log":"${TEST_ORIGIN}","outcome":"closed",` +
        `"payload_digest":"${record!.entry.payload_digest}","refs":{"release":"${RELEASE}","run":"run_a","workflow":"triage"},"time":"${TEST_START}",` +
        `"type":"handoff.closed","v":1}`,
    );
  });

  test('a repeated key writes nothing, in one call, in another, and beside new records', async () => {
    const { log, uow } = testAuditLog();
    await uow.transaction((tx) => log.append(tx, [noteDraft('a', { key: 'k' }), noteDraft('b', { key: 'k' })]));
    await uow.transaction((tx) => log.append(tx, [noteDraft('c', { key: 'k' })]));
    await uow.transaction((tx) => log.append(tx, [noteDraft('d', { key: 'k' }), noteDraft('e'), noteDraft('f')]));
    const { records } = await log.search({ order: 'oldest' });
    expect(records.map((record) => record.payload?.data.note)).toEqual(['a', 'e', 'f']);
    expect(await log.verify()).toMatchObject({ ok: true, size: 3 });
  });

  test('a rolled back transaction leaves no gap', async () => {
    const { log, uow } = testAuditLog();
    await appendNotes(log, uow, 2);
    await expect(
      uow.transaction(async (tx) => {
        await log.append(tx, [noteDraft('lost')]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await appendNotes(log, uow, 3, 2);
    expect(await log.size()).toBe(5);
    expect(await log.verify()).toMatchObject({ ok: true, size: 5 });
  });

  test('G3: if the record cannot be written, what it records does not happen', async () => {
    const store = memoryAuditStore();
    const state = memoryAuditWriter();
    const uow = memoryUnitOfWork(store, state);
    const { log } = testAuditLog({ store, uow });
    store.failWith(new Error('disk full'));
    const change = uow.transaction(async (tx) => {
      await state.append(tx, [noteDraft('the state change')]);
      await log.append(tx, [noteDraft('its record')]);
    });
    await expect(change).rejects.toSatisfy(code('audit_unavailable'));
    expect(state.drafts).toEqual([]);
    store.failWith(null);
    expect(await log.size()).toBe(0);
  });

  test('a draft that its type does not allow is a defect; one that is too large is refused', async () => {
    const { log, uow } = testAuditLog();
    const append = (note: unknown, more = {}) =>
      uow.transaction((tx) => log.append(tx, [noteDraft(note as string, more)]));
    await expect(append(7)).rejects.toSatisfy(code('internal'));
    await expect(append('x', { data: { note: 'x', more: 1 } })).rejects.toSatisfy(code('internal'));
    await expect(append('x', { outcome: 'y'.repeat(65) })).rejects.toSatisfy(code('internal'));
    await expect(append('\ud800')).rejects.toSatisfy(code('internal'));
    await expect(append('x'.repeat(1024 * 1024))).rejects.toSatisfy(code('too_large'));
    const act = Array.from({ length: 1000 }, () => ({ id: 'a'.repeat(100), kind: 'agent' as const }));
    await expect(append('x', { actor: { ...TEST_ACTOR, act } })).rejects.toSatisfy(code('too_large'));
    expect(await log.size()).toBe(0);
    await append('x'.repeat(1024 * 1024 - 100));
    expect(await log.size()).toBe(1);
  });

  test('the time of the log never goes back', async () => {
    const clock = fixedClock(TEST_START);
    const { log, uow } = testAuditLog({ clock });
    await appendNotes(log, uow, 1);
    clock.advance(-60_000);
    await appendNotes(log, uow, 1, 1);
    expect((await log.get(1))?.entry.time).toBe(TEST_START);
    expect(await log.verify()).toMatchObject({ ok: true });
  });
});

describe('checkpoints and proofs', () => {
  test('G2: a checkpoint for every period, also an empty one', async () => {
    const clock = fixedClock(TEST_START);
    const { log, store, uow } = testAuditLog({ clock });
    expect(await log.newestCheckpoint()).toBeNull();
    const empty = await log.checkpoint();
    expect(openNote(empty.note, [log.vkey])).toMatchObject({
      text: `${TEST_ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`,
    });
    await appendNotes(log, uow, 3);
    await log.checkpoint();
    clock.advance(60_000);
    const idle = await log.checkpoint();
    const stored = await store.checkpoints(TEST_ORIGIN, 0, 10);
    expect(stored.map(({ seq, size, time }) => [seq, size, time.toISOString()])).toEqual([
      [0, 0, TEST_START],
      [1, 3, TEST_START],
      [2, 3, '2026-11-20T08:01:00.000Z'],
    ]);
    expect(await log.newestCheckpoint()).toEqual(idle);
    expect(await log.verify()).toMatchObject({ ok: true, size: 3, checkpoints: 3 });
  });

  test('G2: proofs between all sizes verify; sizes and indexes that never were are refused', async () => {
    const { log, uow } = testAuditLog();
    const roots = [await log.checkpoint()];
    for (let i = 0; i < 20; i++) {
      await appendNotes(log, uow, 1, i);
      roots.push(await log.checkpoint());
    }
    for (let second = 0; second <= 20; second++)
      for (let first = 0; first <= second; first++) {
        const proof = await log.consistencyProof(first, second);
        expect(verifyConsistency(first, second, roots[first]!.root, roots[second]!.root, proof)).toBe(true);
      }
    await expect(log.consistencyProof(0, 21)).rejects.toSatisfy(code('bad_request'));
    await expect(log.consistencyProof(5, 4)).rejects.toSatisfy(code('bad_request'));
    await expect(log.consistencyProof(-1, 4)).rejects.toSatisfy(code('bad_request'));
    await expect(log.inclusionProof(20, 20)).rejects.toSatisfy(code('bad_request'));
    await expect(log.inclusionProof(0.5, 20)).rejects.toSatisfy(code('bad_request'));
    await expect(log.inclusionProof(0, Number.NaN)).rejects.toSatisfy(code('bad_request'));
  });

  test('G8: a receipt is a tlog-proof over the newest checkpoint, which it makes where it must', async () => {
    const { log, uow } = testAuditLog();
    await appendNotes(log, uow, 5);
    const receipt = await log.receipt(3);
    const lines = receipt.proof.split('\n');
    expect(lines.slice(0, 2)).toEqual(['c2sp.org/tlog-proof@v1', 'index 3']);
    const blank = lines.indexOf('');
    const path = lines.slice(2, blank).map((line) => Buffer.from(line, 'base64'));
    const opened = openNote(lines.slice(blank + 1).join('\n'), [log.vkey]);
    const checkpoint = parseCheckpoint('text' in opened ? opened.text : '')!;
    expect(checkpoint.size).toBe(5);
    expect(verifyInclusion(receipt.entry, 3, 5, path, checkpoint.root)).toBe(true);
    expect(receipt.payload?.data).toEqual({ note: 'note number 3' });
    await appendNotes(log, uow, 1, 5);
    expect((await log.receipt(1)).proof).toContain(`${TEST_ORIGIN}\n5\n`);
    expect((await log.receipt(5)).proof).toContain(`${TEST_ORIGIN}\n6\n`);
    for (const index of [6, -1, 0.5, Number.NaN]) {
      await expect(log.receipt(index)).rejects.toSatisfy(code('not_found'));
      expect(await log.get(index)).toBeNull();
    }
  });

  test('G2: refuses to sign a tree that does not contain the one it signed before', async () => {
    const { log, store, uow } = testAuditLog();
    await appendNotes(log, uow, 6);
    await log.checkpoint();
    // The store of an attacker who rewrites record 2 with its nodes, and drops the checkpoint.
    const forged = memoryAuditStore();
    const forgedLog = testAuditLog({ store: forged, uow: memoryUnitOfWork(forged) });
    await appendNotes(forgedLog.log, forgedLog.uow, 2);
    await forgedLog.uow.transaction((tx) => forgedLog.log.append(tx, [noteDraft('forged')]));
    await appendNotes(forgedLog.log, forgedLog.uow, 4, 3);
    for (const method of ['head', 'nodes', 'newestCheckpoint'] as const)
      Object.assign(store, { [method]: forged[method] });
    await expect(log.checkpoint()).rejects.toSatisfy(code('log_broken'));
  });

  test('the name of the key must be the origin', () => {
    const { log } = testAuditLog();
    expect(log.vkey.startsWith(`${TEST_ORIGIN}+`)).toBe(true);
    expect(() => testAuditLog({ origin: 'with space' })).toThrow(TypeError);
  });
});

describe('search and export', () => {
  test('G4: pages through, newest or oldest first, and refuses what is not a search', async () => {
    const { log, uow } = testAuditLog();
    await appendNotes(log, uow, 7);
    const indexes = async (query: Parameters<typeof log.search>[0]) => {
      const page = await log.search(query);
      return [page.records.map((record) => record.entry.index), page.next];
    };
    expect(await indexes({ limit: 3 })).toEqual([[6, 5, 4], 4]);
    expect(await indexes({ limit: 3, after: 4 })).toEqual([[3, 2, 1], 1]);
    expect(await indexes({ limit: 3, after: 1 })).toEqual([[0], null]);
    expect(await indexes({ limit: 4, order: 'oldest', after: 2 })).toEqual([[3, 4, 5, 6], null]);
    expect(await indexes({ words: 'number 5' })).toEqual([[5], null]);
    expect(await indexes({ actor: 'prn_analyst', until: TEST_START })).toEqual([[], null]);
    for (const bad of [{ limit: 501 }, { limit: 0 }, { since: 'yesterday' }, { run: "x'; --" }, { other: 1 }])
      await expect(log.search(bad as never)).rejects.toSatisfy(code('bad_request'));
  });

  test('G8: exports the whole log under one checkpoint; with a filter, each record with its own proof', async () => {
    const { log, uow } = testAuditLog();
    await appendNotes(log, uow, 1200);
    const files = async (filter?: Parameters<typeof log.exportLog>[0]) => {
      const found = new Map<string, string>();
      for await (const file of log.exportLog(filter)) {
        let text = '';
        for await (const chunk of file.content) text += chunk;
        found.set(file.name, text);
      }
      return found;
    };
    const whole = await files();
    expect([...whole.keys()]).toEqual(['entries.jsonl', 'checkpoint', 'log.vkey', 'README.txt']);
    const lines = whole
      .get('entries.jsonl')!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(1200);
    expect(Object.keys(lines[700])).toEqual(['entry', 'payload', 'leaf']);
    expect(lines[700].leaf).toBe(leafHash(lines[700].entry).toString('base64'));
    expect(JSON.parse(lines[700].entry).index).toBe(700);
    expect(whole.get('log.vkey')).toBe(`${log.vkey}\n`);
    expect(whole.get('checkpoint')).toBe((await log.newestCheckpoint())?.note);

    await appendNotes(log, uow, 1, 1200);
    const some = (await files({ words: '7' }))
      .get('entries.jsonl')!
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(some.map((line) => JSON.parse(line.entry).index)).toEqual([7]);
    expect(some[0].proof).toContain('c2sp.org/tlog-proof@v1\nindex 7\n');
    await expect(files({ type: 'nonsense' as never })).rejects.toBeInstanceOf(PortreeveError);
  });

  test('leafHash of the stored entry is the stored node', async () => {
    const { log, store, uow } = testAuditLog();
    await appendNotes(log, uow, 1);
    await log.settle();
    const [node] = await store.nodes(null, TEST_ORIGIN, [{ level: 0, from: 0, to: 1 }]);
    expect(Buffer.from(node!.hash)).toEqual(leafHash((await store.record(TEST_ORIGIN, 0))!.entry));
  });
});
