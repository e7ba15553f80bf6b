import type { Entry, Payload } from './entry.ts';

export interface ErasureFinding {
  readonly kind: 'missing_payload' | 'returned_payload';
  readonly index: number;
  readonly problem: string;
}

/** Compares payloads that are not there with what the log says was erased, and those that are. */
export interface ErasureChecks {
  see(entry: Entry, payload: Payload | null): void;
  /** The first record whose payload is gone and was not erased, or is there and was; told once all records were seen. */
  finding(): ErasureFinding | null;
  /** Records whose payload is not there and none of whose keys is among those that were erased by the records seen. */
  unexplained(): number;
}

interface Seen {
  readonly first: number;
  count: number;
}

export function erasureChecks(): ErasureChecks {
  /** By the keys of the records, together: of a million records a few hundred. */
  const missing = new Map<string, Seen>();
  const present = new Map<string, number>();
  /** Which record says of a key that it was erased. */
  const erasedBy = new Map<string, number>();

  const unexplained = () =>
    [...missing].filter(([keys]) => !keys.split(',').some((key) => erasedBy.has(key))).map(([, seen]) => seen);
  const returned = () =>
    [...erasedBy].flatMap(([key, by]) => {
      const first = present.get(key);
      return first === undefined ? [] : [{ first, by }];
    });

  return {
    see({ index, type, keys }, payload) {
      if (payload === null) {
        const name = keys.join(',');
        const seen = missing.get(name);
        if (seen) seen.count++;
        else missing.set(name, { first: index, count: 1 });
        return;
      }
      for (const key of keys) if (!present.has(key)) present.set(key, index);
      if (type !== 'audit.erased' || !Array.isArray(payload.data.keys)) return;
      for (const key of payload.data.keys) if (typeof key === 'string' && !erasedBy.has(key)) erasedBy.set(key, index);
    },
    finding() {
      const gone = Math.min(...unexplained().map(({ first }) => first));
      const back = returned().sort((a, b) => a.first - b.first)[0];
      if (back && back.first < gone)
        return {
          kind: 'returned_payload',
          index: back.first,
          problem: `the payload of record ${back.first} is here, and record ${back.by} says that its key was erased`,
        };
      return gone === Number.POSITIVE_INFINITY
        ? null
        : {
            kind: 'missing_payload',
            index: gone,
            problem: `the payload of record ${gone} is gone, and no record says that it was erased`,
          };
    },
    unexplained: () => unexplained().reduce((sum, { count }) => sum + count, 0),
  };
}
