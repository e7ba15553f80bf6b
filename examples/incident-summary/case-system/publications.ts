import type { GrantInfo, ReplayStore } from '@portreeve/verify';
import type { Journal, JournalEntry, Publication } from './journal.ts';

type Published = Extract<JournalEntry, { type: 'published' }>;

/** What a publication is answered with, also when it is asked for again under the same key. */
export interface PublishAnswer {
  readonly case_id: string;
  readonly revision: number;
  readonly published_at: string;
}

export class KeyMismatch extends Error {
  override readonly name = 'KeyMismatch';
}

export interface Publications {
  /** Remembers used grants in the journal, so that a restart forgets none. */
  readonly replay: ReplayStore;
  /** Publishes once for each idempotency key. Throws {@link KeyMismatch} for a key that was used for something else. */
  publish(wish: {
    readonly case_id: string;
    readonly publication: Publication;
    readonly idempotency_key: string | null;
    readonly grant: GrantInfo;
  }): Promise<{ readonly answer: PublishAnswer; readonly repeated: boolean }>;
  newest(case_id: string): Published | null;
}

export function createPublications(journal: Journal, entries: readonly JournalEntry[]): Publications {
  const used = new Set<string>();
  const newestByCase = new Map<string, Published>();
  const publishedByKey = new Map<string, Published>();
  for (const entry of entries) {
    if (entry.type === 'grant_used') used.add(entry.jti);
    else remember(entry);
  }

  let tail: Promise<unknown> = Promise.resolve();
  return {
    replay: {
      async use(jti, expiresAt) {
        if (used.has(jti)) return false;
        used.add(jti);
        await journal.append({
          type: 'grant_used',
          at: new Date().toISOString(),
          jti,
          expires_at: expiresAt.toISOString(),
        });
        return true;
      },
    },
    publish(wish) {
      // One at a time: two requests with one key must not both find it free.
      const turn = tail.then(() => publishOne(wish));
      tail = turn.catch(() => undefined);
      return turn;
    },
    newest: (case_id) => newestByCase.get(case_id) ?? null,
  };

  async function publishOne(wish: Parameters<Publications['publish']>[0]) {
    const { case_id, publication, idempotency_key, grant } = wish;
    const earlier = idempotency_key === null ? undefined : publishedByKey.get(idempotency_key);
    if (earlier) {
      if (earlier.args_digest !== grant.args_digest)
        throw new KeyMismatch('this idempotency key was used for another request');
      return { answer: answerOf(earlier), repeated: true };
    }
    const published: Published = {
      type: 'published',
      at: new Date().toISOString(),
      case_id,
      revision: (newestByCase.get(case_id)?.revision ?? 0) + 1,
      publication,
      args_digest: grant.args_digest,
      idempotency_key,
      by: {
        grant: grant.id,
        proposal: grant.proposal,
        run: grant.run,
        subject: grant.subject,
        actor: grant.actor,
        approvers: grant.approvers,
      },
    };
    await journal.append(published);
    remember(published);
    return { answer: answerOf(published), repeated: false };
  }

  function remember(entry: Published): void {
    newestByCase.set(entry.case_id, entry);
    if (entry.idempotency_key !== null) publishedByKey.set(entry.idempotency_key, entry);
  }
}

function answerOf({ case_id, revision, at }: Published): PublishAnswer {
  return { case_id, revision, published_at: at };
}
