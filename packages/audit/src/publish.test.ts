import { generateKeyPairSync } from 'node:crypto';
import { fixedClock, isPortreeveError } from '@portreeve/contract';
import { memoryUnitOfWork } from '@portreeve/contract/testing';
import { describe, expect, test } from 'vitest';
import { openNote } from './note.ts';
import { createPublisher, type PlaceStatus } from './publish.ts';
import { appendNotes, TEST_ORIGIN, TEST_START, testAuditLog } from './testing/fixtures.ts';
import { memoryAnchor } from './testing/memory-anchor.ts';
import { memoryAuditStore } from './testing/memory-store.ts';
import { memoryWitness } from './testing/memory-witness.ts';

const privateKey = generateKeyPairSync('ed25519').privateKey;
const clock = fixedClock(TEST_START);

/** A log of the same key on a store of its own, with an anchor and a witness. */
function published(
  places: Partial<{ anchor: ReturnType<typeof memoryAnchor>; seen: ReturnType<typeof memoryWitness> }> = {},
) {
  const store = memoryAuditStore();
  const opened = testAuditLog({ store, uow: memoryUnitOfWork(store), privateKey, clock, quorum: 1 });
  const { log } = opened;
  const anchor = places.anchor ?? memoryAnchor();
  const seen = places.seen ?? memoryWitness({ logVkeys: [log.vkey], clock });
  const changes: PlaceStatus[] = [];
  const publisher = createPublisher({
    ...{ store, clock, origin: TEST_ORIGIN, vkeys: [log.vkey] },
    anchors: [anchor],
    witnesses: [seen.witness],
    onChange: async (place) => void changes.push(place),
  });
  const grow = async (count: number, from = 0) => {
    await appendNotes(log, opened.uow, count, from);
    return log.checkpoint();
  };
  const states = () => Object.fromEntries(publisher.status().map(({ kind, state, size }) => [kind, [state, size]]));
  return { ...opened, anchor, seen, publisher, changes, grow, states };
}
const broken = (error: unknown) => isPortreeveError(error, 'log_broken');

describe('G2: what lies outside', () => {
  test('a witness cosigns, the cosignature stands in the checkpoint, and receipts prefer one that has it', async () => {
    const { log, seen, publisher, grow, changes, states } = published();
    expect(states()).toEqual({ anchor: ['unseen', null], witness: ['unseen', null] });
    await grow(3);
    await publisher.publish();
    const cosigned = (await log.newestCheckpoint())!;
    expect(openNote(cosigned.note, seen.witness.vkeys)).toMatchObject({ signed_by: seen.witness.vkeys });
    expect(cosigned.log_note).toBe(cosigned.note.split('\n').slice(0, 5).join('\n').concat('\n'));
    await grow(2, 3);
    expect((await log.receipt(1)).proof).toContain(cosigned.note);
    expect((await log.receipt(4)).proof).not.toContain(cosigned.note);
    await publisher.publish();
    expect(states()).toEqual({ anchor: ['working', 5], witness: ['working', 5] });
    expect(changes).toEqual([]);
    expect(await log.verify()).toMatchObject({ ok: true, size: 5 });
    // The second request began where the witness had been.
    expect(seen.asked.at(-1)).toMatch(/^old 3\n/);
    await log.close();
  });

  test('an anchor gets what is new, the checkpoint last, and goes on from where it was', async () => {
    const { log, anchor, publisher, grow } = published();
    await grow(3);
    await publisher.publish();
    expect([...anchor.files.keys()]).toEqual(['tile/entries/000.p/3', 'tile/0/000.p/3', 'checkpoint']);
    await grow(4, 3);
    const before = new Set(anchor.files.keys());
    await publisher.publish();
    expect([...anchor.files.keys()].filter((path) => !before.has(path))).toEqual([
      'tile/entries/000.p/7',
      'tile/0/000.p/7',
    ]);
    expect(anchor.files.get('checkpoint')!.toString()).toBe((await log.newestCheckpoint())!.note);
    expect(anchor.files.get('tile/0/000.p/7')).toEqual(await log.tile('0/000.p/7'));
    await log.close();
  });

  test('what could not be recorded of a place is recorded the next time', async () => {
    const { log, anchor, store, grow } = published();
    const told: string[] = [];
    let refuse = true;
    const publisher = createPublisher({
      ...{ store, clock, origin: TEST_ORIGIN, vkeys: [log.vkey], anchors: [anchor], witnesses: [] },
      onChange: async ({ state }) => {
        if (refuse) throw new Error('the record cannot be written');
        told.push(state);
      },
    });
    anchor.failing = true;
    await grow(1);
    await publisher.publish();
    refuse = false;
    await publisher.publish();
    await publisher.publish();
    expect(told).toEqual(['failing']);
    await log.close();
  });

  test('a place that fails does not stop the log nor the other place, is told once, and is caught up with', async () => {
    const { log, anchor, seen, publisher, grow, changes, states } = published();
    anchor.failing = true;
    seen.answerWith({ status: 404, text: '' });
    for (const from of [0, 1, 2]) {
      await grow(1, from);
      await publisher.publish();
    }
    expect(states()).toEqual({ anchor: ['failing', null], witness: ['failing', null] });
    expect(changes.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['anchor', 'it does not answer'],
      ['witness', 'it does not know this log'],
    ]);
    seen.answerWith(null);
    await publisher.publish();
    expect(states()).toEqual({ anchor: ['failing', null], witness: ['working', 3] });
    anchor.failing = false;
    await publisher.publish();
    expect(states()).toEqual({ anchor: ['working', 3], witness: ['working', 3] });
    expect(changes.slice(2).map(({ kind, state }) => [kind, state])).toEqual([
      ['witness', 'working'],
      ['anchor', 'working'],
    ]);
    expect(anchor.files.has('tile/0/000.p/3')).toBe(true);
    await log.close();
  });

  test.each([
    [403, '', 'it does not trust the key of this log'],
    [422, '', 'it does not accept the consistency proof'],
    [409, 'many\n', 'it answered 409 and did not name a size'],
    [200, 'nothing\n', 'its answer holds no cosignature that verifies'],
    [500, '', 'it answered 500'],
  ])('a witness that answers %i %j fails', async (status, text, detail) => {
    const { log, seen, publisher, grow } = published();
    await grow(2);
    seen.answerWith({ status, text });
    await publisher.publish();
    expect(publisher.status().find(({ kind }) => kind === 'witness')).toMatchObject({ state: 'failing', detail });
    expect((await log.newestCheckpoint())!.note).toBe((await log.newestCheckpoint())!.log_note);
    await log.close();
  });

  test('a cosignature of another checkpoint is not taken', async () => {
    const { log, seen, publisher, grow } = published();
    const first = await grow(1);
    const other = await seen.witness.add(`old 0\n\n${first.note}`);
    await grow(1, 1);
    seen.answerWith(other);
    await publisher.publish();
    expect(publisher.status().find(({ kind }) => kind === 'witness')).toMatchObject({ state: 'failing' });
    await log.close();
  });

  test('a database that was put back is shown by the anchor and by the witness, and nothing is written there', async () => {
    const before = published();
    await before.grow(9);
    await before.publisher.publish();
    await before.log.close();
    const anchored = new Map(before.anchor.files);

    // The same first records, as an older backup has them.
    const after = published({ anchor: before.anchor, seen: before.seen });
    await expect(after.publisher.assertNotBehind()).rejects.toSatisfy(broken);
    await after.grow(4);
    await expect(after.publisher.assertNotBehind()).rejects.toThrow(
      /anchor memory: 9 records .* witness .*: it has seen 9 records/,
    );
    // A record of it would make the older log another one.
    expect(after.changes).toEqual([]);
    await after.publisher.publish();
    expect(after.changes).toHaveLength(2);
    expect(after.states()).toEqual({ anchor: ['ahead', 9], witness: ['ahead', 9] });
    expect(after.anchor.files).toEqual(anchored);

    // Grown past what was seen, it is a fork all the same.
    await after.grow(20, 500);
    await expect(after.publisher.assertNotBehind()).rejects.toSatisfy(broken);
    expect(after.states()).toEqual({ anchor: ['ahead', 9], witness: ['failing', 9] });
    await after.log.close();
  });

  test('an anchor that holds the checkpoint of another log is left alone', async () => {
    const other = testAuditLog({ clock });
    const { note } = await other.log.checkpoint();
    const { log, anchor, publisher, grow } = published();
    anchor.files.set('checkpoint', Buffer.from(note));
    await grow(2);
    await publisher.publish();
    expect(publisher.status()).toContainEqual(
      expect.objectContaining({ state: 'failing', detail: 'the checkpoint that lies there is not one of this log' }),
    );
    expect([...anchor.files.keys()]).toEqual(['checkpoint']);
    await Promise.all([log.close(), other.log.close()]);
  });
});
