import type { GrantUsed, Journal } from '@portreeve/example-downstream';
import type { GrantInfo } from '@portreeve/verify';

/** What is published: a summary, and whatever the tool's schema has besides. */
export interface Publication {
  readonly summary: unknown;
  readonly [member: string]: unknown;
}

interface Published {
  readonly type: 'published';
  readonly at: string;
  readonly case_id: string;
  readonly revision: number;
  readonly publication: Publication;
  /** The grant's digest of the case and the whole publication. */
  readonly args_digest: string;
  readonly idempotency_key: string | null;
  /** By whose right, through whom, and who agreed: from the grant. */
  readonly by: {
    readonly grant: string;
    readonly proposal: string;
    readonly run: string | null;
    readonly subject: string;
    readonly actor: string | null;
    readonly approvers: readonly string[];
  };
}

/** A line of the journal: what this system must still know after it was killed. */
export type Line = GrantUsed | Published;

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
  /** Publishes once for each idempotency key. Throws {@link KeyMismatch} for a key that was used for something else. */
  publish(wish: {
    readonly case_id: string;
    readonly publication: Publication;
    readonly idempotency_key: string | null;
    readonly grant: GrantInfo;
  }): Promise<{ readonly answer: PublishAnswer; readonly repeated: boolean }>;
  newest(case_id: string): Published | null;
}

export function createPublications(journal: Journal<Line>, lines: readonly Line[]): Publications {
  const newestByCase = new Map<string, Published>();
  const publishedByKey = new Map<string, Published>();
  for (const line of lines) if (line.type === 'published') remember(line);

  return {
    publish: (wish) => journal.inTurn(() => publishOne(wish)),
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
