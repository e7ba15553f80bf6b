import {
  type AuditWriter,
  actorOf,
  draft,
  type KeyWrapper,
  type Principal,
  SYSTEM_ACTOR,
  type UnitOfWork,
} from '@portreeve/contract';
import { bindingOf, kept } from '../keys/key-ring.ts';
import type { KeyStore } from '../keys/ports.ts';

/** Keys that are wrapped anew in one step. */
const STEP = 200;
/** Of these, how many the keeper is asked about at once: it may be a service that others need too. */
const AT_ONCE = 10;

export interface RootRotation {
  /** Makes another root key and wraps every subject key with it; payloads are not touched. */
  rotate(by: Principal): Promise<{ readonly root: string; readonly keys: number }>;
  /** Goes on where a rotation was cut off, or where the configuration names another root key; then destroys old ones. */
  resume(): Promise<number>;
}

export function createRootRotation(options: {
  readonly store: KeyStore;
  readonly wrapper: KeyWrapper;
  readonly audit: AuditWriter;
  readonly uow: UnitOfWork;
}): RootRotation {
  const { store, wrapper, audit, uow } = options;

  async function rewrapAll(root: string): Promise<number> {
    let done = 0;
    for (;;) {
      const keys = await store.wrappedOtherwise(root, STEP);
      if (keys.length === 0) return done;
      const fresh = [];
      for (let at = 0; at < keys.length; at += AT_ONCE)
        fresh.push(
          ...(await Promise.all(
            keys.slice(at, at + AT_ONCE).map(async (key) => ({
              id: key.id,
              ...(await kept(wrapper.rewrap(key, bindingOf(key)))),
            })),
          )),
        );
      done += await store.rewrap(fresh);
      // Another process rotated meanwhile: the next look, by whoever looks, is for its root key.
      if (fresh.some((key) => key.root !== root)) return done;
    }
  }

  const record = (by: Principal | null, root: string, keys: number) =>
    uow.transaction((tx) =>
      audit.append(tx, [
        draft({
          type: 'audit.keys_rewrapped',
          actor: by ? actorOf(by) : SYSTEM_ACTOR,
          data: { root, keys },
        }),
      ]),
    );

  return {
    async rotate(by) {
      const root = await kept(wrapper.rotate());
      // Who did it, before all is wrapped anew: that may be cut off, and then goes on in nobody's name.
      await uow.transaction((tx) =>
        audit.append(tx, [draft({ type: 'audit.root_rotated', actor: actorOf(by), data: { root } })]),
      );
      const keys = await rewrapAll(root);
      await record(by, root, keys);
      return { root, keys };
    },
    async resume() {
      const root = await wrapper.root();
      const keys = await rewrapAll(root);
      if (keys > 0) await record(null, root, keys);
      if ((await store.wrappedOtherwise(root, 1)).length === 0) await wrapper.retire();
      return keys;
    },
  };
}
