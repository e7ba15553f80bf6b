import { type Clock, isPortreeveError } from '@portreeve/contract';
import { Ahead, type AnchorParts, compareAnchor, writeAnchor } from './anchor.ts';
import { readCheckpoint, type SignedCheckpoint } from './checkpoint.ts';
import type { AnchorStore, Witness } from './ports.ts';
import { broken, frontierAt } from './stored-tree.ts';
import { askWitness } from './witness.ts';

/**
 * `unseen`: not asked yet. `failing`: it does not answer, or not as it should. `ahead`: it has seen records of this log
 * that the log does not hold: the database was put back, or the log was rewritten.
 */
export type PlaceState = 'unseen' | 'working' | 'failing' | 'ahead';

/** Somewhere outside that sees the log's checkpoints. */
export interface PlaceStatus {
  readonly kind: 'anchor' | 'witness';
  readonly name: string;
  readonly state: PlaceState;
  /** How many records it is known to have seen. */
  readonly size: number | null;
  readonly detail: string | null;
  readonly since: Date;
}

export interface Publisher {
  /** Shows the newest checkpoint to every witness, and then brings every anchor up to it. Never rejects. */
  publish(): Promise<void>;
  /**
   * Throws `log_broken` where a place has seen more than the log holds, unless somebody accepted that it has seen just
   * that. A place that does not answer is passed over.
   */
  assertNotBehind(accepted?: readonly Pick<PlaceStatus, 'kind' | 'name' | 'size'>[]): Promise<void>;
  status(): readonly PlaceStatus[];
}

export interface PublisherOptions extends AnchorParts {
  readonly anchors: readonly AnchorStore[];
  readonly witnesses: readonly Witness[];
  readonly clock: Clock;
  /** Told when a place fails, works again, or is ahead; never before a log that is behind is refused. */
  readonly onChange: (place: PlaceStatus) => Promise<void>;
}

/** Keeps the places outside informed. None of them can hold up the log: what fails is told, and tried again next time. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { store, origin, vkeys, clock, anchors, witnesses } = options;
  const places = new Map<string, PlaceStatus>();
  const keyOf = (kind: PlaceStatus['kind'], name: string) => `${kind}/${name}`;
  for (const [kind, all] of [
    ['anchor', anchors],
    ['witness', witnesses],
  ] as const)
    for (const { name } of all)
      places.set(keyOf(kind, name), { kind, name, state: 'unseen', size: null, detail: null, since: clock.now() });

  const newest = async (): Promise<SignedCheckpoint | null> => {
    const stored = await store.newestCheckpoint(null, origin);
    return stored && readCheckpoint(stored, origin, vkeys);
  };

  /** Runs one exchange with a place and keeps what became of it. */
  const attempt = async (kind: PlaceStatus['kind'], name: string, work: () => Promise<number | null>) => {
    const before = places.get(keyOf(kind, name))!;
    const set = (state: PlaceState, size: number | null, detail: string | null) =>
      places.set(keyOf(kind, name), {
        ...{ kind, name, state, size, detail },
        since: before.state === state ? before.since : clock.now(),
      });
    try {
      set('working', await work(), null);
    } catch (error) {
      if (error instanceof Ahead) set('ahead', error.size, error.message);
      else set('failing', before.size, reason(error));
    }
  };

  const told = new Map<string, PlaceState>();
  /** What could not be told is told the next time. */
  const tell = async () => {
    for (const [key, place] of places) {
      const before = told.get(key) ?? 'working';
      if (place.state === 'unseen' || place.state === before) continue;
      const done = await options.onChange(place).then(
        () => true,
        () => false,
      );
      if (done) told.set(key, place.state);
    }
  };

  const witnessed = (witness: Witness, checkpoint: SignedCheckpoint) =>
    attempt('witness', witness.name, async () => {
      const seen = places.get(keyOf('witness', witness.name))!.size;
      const lines = await askWitness(options, witness, checkpoint, seen);
      await store.addCosignature(origin, { seq: checkpoint.seq, witness: witness.name, lines });
      return checkpoint.size;
    });

  return {
    async publish() {
      const checkpoint = await newest().catch(() => null);
      if (!checkpoint) return;
      await Promise.all(witnesses.map((witness) => witnessed(witness, checkpoint)));
      const cosigned = (await newest().catch(() => null)) ?? checkpoint;
      await Promise.all(
        anchors.map((anchor) =>
          attempt('anchor', anchor.name, async () => {
            await writeAnchor(options, anchor, cosigned);
            return cosigned.size;
          }),
        ),
      );
      await tell();
    },

    async assertNotBehind(accepted = []) {
      const signed = await newest();
      const { size } = await store.head(null, origin);
      const held = { origin, size, root: (await frontierAt(store, null, origin, size)).root() };
      await Promise.all([
        ...anchors.map((anchor) =>
          attempt('anchor', anchor.name, async () => (await compareAnchor(options, anchor, held))?.size ?? null),
        ),
        ...(signed ? witnesses.map((witness) => witnessed(witness, signed)) : []),
      ]);
      const isAccepted = (place: PlaceStatus) =>
        accepted.some(({ kind, name, size }) => kind === place.kind && name === place.name && size === place.size);
      const ahead = [...places.values()].filter((place) => place.state === 'ahead' && !isAccepted(place));
      if (ahead.length > 0)
        throw broken(null, ahead.map(({ kind, name, detail }) => `${kind} ${name}: ${detail}`).join('; '));
      await tell();
    },

    status: () => [...places.values()],
  };
}

function reason(error: unknown): string {
  if (isPortreeveError(error)) return error.detail;
  return error instanceof Error ? error.message : String(error);
}
