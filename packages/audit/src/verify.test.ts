import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createCosigner } from './cosignature.ts';
import { appendNotes, noteDraft, TEST_ORIGIN, testAuditLog } from './testing/fixtures.ts';
import type { VerifiedTree } from './verify.ts';

describe('G2: verify goes on where an earlier run ended', () => {
  test('in steps of any length it finds what one run finds, and ends with the same tree', async () => {
    const { log, uow } = testAuditLog();
    await uow.transaction((tx) =>
      log.append(
        tx,
        Array.from({ length: 600 }, (_, i) => noteDraft(`note ${i}`)),
      ),
    );
    await log.checkpoint();
    const { verified: whole } = await log.verify();
    expect(whole.size).toBe(600);
    for (const limit of [1, 77, 256, 599, 600, 1000]) {
      let from: VerifiedTree = { size: 0, root: '', checkpoints: 0 };
      let steps = 0;
      while (from.size < 600) {
        const report = await log.verify({ from, limit });
        expect(report).toMatchObject({ ok: true, size: 600, verified: { size: Math.min(600, from.size + limit) } });
        from = report.verified;
        steps++;
      }
      expect([from, steps]).toEqual([whole, Math.ceil(600 / limit)]);
    }
    await log.close();
  });

  /** A log with four records a checkpoint, whose reading of checkpoints can be changed. */
  async function logOfCheckpoints(count: number) {
    const privateKey = generateKeyPairSync('ed25519').privateKey;
    const made = testAuditLog({ privateKey });
    for (let i = 0; i < count; i++) {
      await appendNotes(made.log, made.uow, 4, 4 * i);
      await made.log.checkpoint();
    }
    const asked: number[] = [];
    const { checkpoints } = made.store;
    const change = { of: (page: Awaited<ReturnType<typeof checkpoints>>) => page };
    made.store.checkpoints = async (...args) => {
      const page = change.of(await checkpoints.apply(made.store, args));
      asked.push(...page.map(({ seq }) => seq));
      return page;
    };
    const read = testAuditLog({ privateKey, store: made.store, uow: made.uow, keys: made.keys });
    const close = () => Promise.all([made.log.close(), read.log.close()]);
    return { log: read.log, asked, change, close };
  }

  test('it does not open again what an earlier run has opened: of its checkpoints only the last', async () => {
    const { log, asked, close } = await logOfCheckpoints(8);
    const first = await log.verify({ limit: 14 });
    expect([first.ok, first.checkpoints, first.verified.checkpoints]).toEqual([true, 8, 3]);
    expect(asked.splice(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const second = await log.verify({ from: first.verified });
    expect(second).toMatchObject({ ok: true, checkpoints: 8, verified: { size: 32, checkpoints: 8 } });
    expect(asked.splice(0)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await log.verify({ from: second.verified })).toMatchObject({ ok: true, checkpoints: 8 });
    expect(asked.splice(0)).toEqual([7]);
    await close();
  });

  test('tampering: checkpoints that were opened and are gone, and one behind them that is changed', async () => {
    const { log, change, close } = await logOfCheckpoints(4);
    const { verified } = await log.verify();
    change.of = (page) => page.filter(({ seq }) => seq < 2);
    expect(await log.verify({ from: verified })).toMatchObject({ ok: false, kind: 'bad_checkpoint' });
    change.of = (page) => page.map((each) => (each.seq === 3 ? { ...each, note: 'x' } : each));
    const earlier = await log.verify({ from: { ...verified, checkpoints: 3 } });
    expect(earlier).toMatchObject({ ok: false, kind: 'bad_checkpoint', verified: { checkpoints: 0 } });
    await close();
  });

  test('a tree that was verified and is no longer there is truncated or forked; nothing is taken from it', async () => {
    const { log, uow } = testAuditLog();
    await appendNotes(log, uow, 8);
    const { verified } = await log.verify();
    expect(await log.verify({ from: { ...verified, size: 9 } })).toMatchObject({
      ...{ ok: false, kind: 'truncated', first_bad_index: 8, verified: { size: 0 } },
    });
    const other = testAuditLog();
    await appendNotes(other.log, other.uow, 9, 100);
    expect(await other.log.verify({ from: verified })).toMatchObject({
      ok: false,
      kind: 'forked',
      verified: { size: 0 },
    });
    await Promise.all([log.close(), other.log.close()]);
  });

  test('a run from an earlier one sees what is wrong behind it, and the report says up to where all is right', async () => {
    const { log, uow, store } = testAuditLog();
    await appendNotes(log, uow, 4);
    const { verified } = await log.verify();
    await appendNotes(log, uow, 4, 4);
    const { records } = store;
    store.records = async (...args) =>
      (await records.apply(store, args)).map((row) => (row.index === 6 ? { ...row, payload: '{}' } : row));
    expect(await log.verify({ from: verified })).toMatchObject({
      ...{ ok: false, kind: 'changed_payload', first_bad_index: 6, verified: { size: 6 } },
    });
    await log.close();
  });
});

test('G2: a checkpoint without the second signature that earlier ones have is named', async () => {
  const cosigner = createCosigner({ name: TEST_ORIGIN, privateKey: generateKeyPairSync('ml-dsa-44').privateKey });
  const privateKey = generateKeyPairSync('ed25519').privateKey;
  const both = testAuditLog({ privateKey, cosigner });
  await both.log.checkpoint();
  const first = await both.log.newestCheckpoint();
  expect(first!.note.split('\n').filter((line) => line.startsWith('\u2014'))).toHaveLength(2);
  const one = testAuditLog({ privateKey, store: both.store, uow: both.uow });
  await one.log.checkpoint();
  expect(await both.log.verify()).toMatchObject({ ok: false, kind: 'bad_signature', first_bad_index: null });
  expect(await one.log.verify()).toMatchObject({ ok: true });
  expect(both.log.cosigner_vkey).toMatch(new RegExp(`^${TEST_ORIGIN}\\+`));
  await Promise.all([both.log.close(), one.log.close()]);
});
