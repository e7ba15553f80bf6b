import { type ChangeId, type ChangeKind, type Digest, digestOf, IN_FORCE_KINDS, type Json } from '@portreeve/contract';
import type { ChangeMove, ChangeStore, StoredChange, SurfaceStore } from '../change/ports.ts';
import { LIVE_STATES } from '../change/states.ts';
import { behind } from './behind.ts';

const isLive = ({ state }: StoredChange) => LIVE_STATES.some((live) => live === state);
const inForce = ({ kind }: StoredChange) => IN_FORCE_KINDS.some((each) => each === kind);

/** The register of changes in memory. */
export function memoryChangeStore(): ChangeStore & { snapshot(): () => void } {
  let found = new Map<ChangeId, StoredChange>();
  let moved: ChangeMove[] = [];
  const all = () => [...found.values()];
  const get = async (change: ChangeId) => found.get(change) ?? null;
  const put = (change: StoredChange) => found.set(change.change, change);
  return {
    snapshot() {
      const before = { found: new Map(found), moved };
      return () => {
        ({ found, moved } = before);
      };
    },
    async open(_tx, change) {
      const same = ({ kind, subject, to }: StoredChange) =>
        kind === change.kind && subject === change.subject && to === change.to;
      if (all().some((each) => isLive(each) && same(each))) return false;
      put({ ...change, state: 'open', asked: null });
      return true;
    },
    get,
    lock: (_tx, change) => get(change),
    list: async ({ kind, state, workflow, limit = 500, after }) =>
      behind(all().reverse(), after, ({ change }) => change)
        .filter((each) => (kind ?? each.kind) === each.kind && (state ?? each.state) === each.state)
        .filter((each) => workflow === undefined || each.workflows.includes(workflow))
        .slice(0, limit),
    live: async (_tx, kind, subject) =>
      all().filter((each) => isLive(each) && each.kind === kind && each.subject === subject),
    async move(_tx, move) {
      const { change, proposal, to } = move;
      if (proposal !== null && moved.some((each) => each.proposal === proposal && each.change === change)) return false;
      const before = found.get(change);
      if (!before || !isLive(before)) throw new TypeError(`${change} is decided`);
      put({ ...before, state: to, asked: null });
      moved = [...moved, move];
      return true;
    },
    moves: async (change) => moved.filter((move) => move.change === change),
    unreviewed: async (workflow) =>
      all().filter(
        (each) => isLive(each) && inForce(each) && (workflow === undefined || each.workflows.includes(workflow)),
      ),
    async ask(change, proposal, at) {
      const before = found.get(change);
      if (!before || !isLive(before) || before.asked) return false;
      put({ ...before, asked: { proposal, at } });
      return true;
    },
    asked: async (limit) =>
      all()
        .filter(({ asked }) => asked !== null)
        .slice(0, limit),
    async answered(change, proposal) {
      const before = found.get(change);
      if (before?.asked?.proposal === proposal) put({ ...before, asked: null });
    },
  };
}

/** What was agreed to, in memory. */
export function memorySurfaceStore(): SurfaceStore & { snapshot(): () => void } {
  let bodies = new Map<string, Json>();
  const keyOf = (kind: ChangeKind, part: string) => `${kind} ${part}`;
  return {
    snapshot() {
      const before = new Map(bodies);
      return () => {
        bodies = before;
      };
    },
    async digests(kind) {
      const of = [...bodies].filter(([key]) => key.startsWith(`${kind} `));
      return new Map(of.map(([key, body]): [string, Digest] => [key.slice(kind.length + 1), digestOf(body)]));
    },
    async get(_tx, kind, part) {
      const body = bodies.get(keyOf(kind, part));
      return body === undefined ? null : { digest: digestOf(body), body };
    },
    async adopt(_tx, kind, part, body) {
      if (!bodies.has(keyOf(kind, part))) bodies.set(keyOf(kind, part), body);
    },
    async set(_tx, kind, part, body) {
      if (body === null) bodies.delete(keyOf(kind, part));
      else bodies.set(keyOf(kind, part), body);
    },
  };
}
