import { randomBytes } from 'node:crypto';
import { type GrantUsed, openJournal, rememberGrants } from '@portreeve/example-downstream';
import type { GrantInfo, ReplayStore } from '@portreeve/verify';

/** An access as it was given: to whom, what, until when, and by whose right. */
export interface Access {
  readonly access: string;
  readonly person: string;
  readonly entitlement: string;
  readonly expires_at: string;
  readonly justification: string;
  /** From the grant: on whose behalf, through whom, and who agreed. */
  readonly by: { readonly subject: string; readonly actor: string | null; readonly approvers: readonly string[] };
}

type Line =
  | { readonly type: 'given'; readonly key: string; readonly access: Access }
  | { readonly type: 'ended'; readonly access: string; readonly at: string }
  | GrantUsed;

export interface Accesses {
  /** Remembers used grants, so that a restart forgets none. */
  readonly replay: ReplayStore;
  /** Gives once for each key: a repeated call is answered with what the first one gave. */
  give(
    wish: { person: string; entitlement: string; minutes: number; justification: string },
    key: string,
    grant: GrantInfo,
  ): Promise<Access>;
  /** Null for an access that there is not. Ending twice is the same as ending once. */
  end(access: string): Promise<{ access: string; ended_at: string } | null>;
  /** What holds now for a person. */
  holding(person: string, entitlement: string): Access | null;
  /** All that a person has now, by entitlement; the longest of each. */
  heldBy(person: string): ReadonlyMap<string, Access>;
  close(): Promise<void>;
}

/** Opens `accesses.jsonl`, in which every change is on the disk before it is answered. */
export async function openAccesses(folder: string, now: () => Date = () => new Date()): Promise<Accesses> {
  const { journal, lines } = await openJournal<Line>(folder, 'accesses.jsonl');
  const byKey = new Map<string, Access>();
  const endedAt = new Map<string, string>();
  const remember = (line: Line): void => {
    if (line.type === 'given') byKey.set(line.key, line.access);
    else if (line.type === 'ended') endedAt.set(line.access, line.at);
  };
  for (const line of lines) remember(line);
  const write = async (line: Line): Promise<void> => {
    await journal.append(line);
    remember(line);
  };

  const isOpen = (each: Access): boolean => !endedAt.has(each.access) && Date.parse(each.expires_at) > now().getTime();

  return {
    replay: rememberGrants(journal, lines),
    give: ({ minutes, ...wish }, key, { subject, actor, approvers }) =>
      journal.inTurn(async () => {
        const known = byKey.get(key);
        if (known) return known;
        const access: Access = {
          access: `acc-${randomBytes(6).toString('hex')}`,
          ...wish,
          expires_at: new Date(now().getTime() + minutes * 60_000).toISOString(),
          by: { subject, actor, approvers },
        };
        await write({ type: 'given', key, access });
        return access;
      }),
    end: (access) =>
      journal.inTurn(async () => {
        if (![...byKey.values()].some((each) => each.access === access)) return null;
        if (!endedAt.has(access)) await write({ type: 'ended', access, at: now().toISOString() });
        return { access, ended_at: endedAt.get(access)! };
      }),
    holding: (person, entitlement) =>
      [...byKey.values()].find((each) => each.person === person && each.entitlement === entitlement && isOpen(each)) ??
      null,
    heldBy(person) {
      const held = new Map<string, Access>();
      for (const each of byKey.values()) {
        const known = held.get(each.entitlement);
        if (each.person !== person || !isOpen(each)) continue;
        if (!known || known.expires_at < each.expires_at) held.set(each.entitlement, each);
      }
      return held;
    },
    close: () => journal.close(),
  };
}
