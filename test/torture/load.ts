import { setTimeout as delay } from 'node:timers/promises';
import type { Answer } from '../support/people.ts';
import type { House } from './house.ts';
import type { Random } from './random.ts';

/** What was asked for and answered, as those know it who asked. */
export interface Asked {
  /** The run that a case was answered with. */
  readonly runByCase: ReadonlyMap<string, string>;
  /** The verdicts that were answered as taken, by approval. */
  readonly verdicts: ReadonlyMap<string, 'approve' | 'deny'>;
  /** Approvals that nobody will decide. */
  readonly left: ReadonlySet<string>;
}

export interface Load extends Asked {
  /** Begins no new case; what was begun is asked until it is answered. Resolves when it is. */
  pause(): Promise<void>;
  resume(): void;
  /** Rejects as soon as somebody was told what nobody may be told; resolves when it was stopped. */
  readonly working: Promise<unknown>;
  stop(): Promise<void>;
  /** What the lead was answered last that was no verdict taken: why somebody waits who should not. */
  refused(): string | null;
}

const AGAIN_MS = 150;
/** Verdicts that the lead gives at once: a slow machine is no lead who sleeps. */
const AT_ONCE = 4;
const failed = (error: unknown): Answer => ({ failed: String(error) });
/** Answers that mean: not now. Anything else is a fault of the load itself. */
const NOT_NOW = new Set([429, 500, 502, 503, 504]);

/**
 * An analyst who asks for case after case, `width` at once, each by a key of its own until it is answered; and a lead who
 * approves most of what is proposed, denies some, and leaves some. Cases are counted from `first`: another load on the same house
 * needs others.
 */
export function startLoad(house: House, random: Random, width: number, first = 1000): Load {
  const runByCase = new Map<string, string>();
  const verdicts = new Map<string, 'approve' | 'deny'>();
  const left = new Set<string>();
  /** What the lead means to say, whether it was heard or not. */
  const meant = new Map<string, 'approve' | 'deny' | 'leave'>();
  let refused: string | null = null;
  let cases = first;
  let asking = 0;
  let isPaused = false;
  let isOver = false;
  const { analyst, lead } = house.people;

  async function ask(): Promise<void> {
    const case_id = `CASE-${++cases}`;
    const task = { workflow: 'case-work', input: { case_id } };
    for (;;) {
      const answer = await analyst.post('/v1/runs', task, { 'idempotency-key': case_id }).catch(() => null);
      if (answer?.id) return void runByCase.set(case_id, answer.id);
      if (answer && !NOT_NOW.has(answer.status)) throw new Error(`${case_id}: ${JSON.stringify(answer)}`);
      if (isOver) return;
      await delay(AGAIN_MS);
    }
  }

  async function askOn(): Promise<void> {
    while (!isOver) {
      if (isPaused) {
        await delay(AGAIN_MS);
        continue;
      }
      asking++;
      await ask().finally(() => asking--);
      await delay(100 + random.upTo(400));
    }
  }

  function choose(approval: string): 'approve' | 'deny' | 'leave' {
    const known = meant.get(approval);
    if (known) return known;
    const number = random.upTo(19);
    const choice = number < 15 ? 'approve' : number < 19 ? 'deny' : 'leave';
    meant.set(approval, choice);
    if (choice === 'leave') left.add(approval);
    return choice;
  }

  async function decide(id: string): Promise<void> {
    const choice = choose(id);
    if (choice === 'leave' || verdicts.has(id)) return;
    const answer: Answer = await lead.approve(id, choice).catch(failed);
    // Closed: it was heard before, and its answer was lost.
    if (answer.state === 'approved' || answer.state === 'denied' || answer.code === 'approval_closed')
      verdicts.set(id, choice);
    else {
      refused = JSON.stringify(answer);
      await delay(AGAIN_MS);
    }
  }

  async function decideOn(): Promise<void> {
    while (!isOver) {
      // All of them, page by page: those that are left alone stay at the front.
      for (let after = ''; !isOver; ) {
        const listed: Answer = await lead.get(`/v1/approvals?state=pending&limit=100${after}`).catch(failed);
        if (!listed.approvals) {
          refused = JSON.stringify(listed);
          // The `next` of a problem is what to do, and not where the next page begins.
          break;
        }
        const ids: string[] = listed.approvals.map(({ id }: Answer) => id);
        while (ids.length > 0) await Promise.all(ids.splice(0, AT_ONCE).map(decide));
        if (!listed.next) break;
        after = `&after=${listed.next}`;
      }
      await delay(AGAIN_MS);
    }
  }

  const working = Promise.all([...Array.from({ length: width }, askOn), decideOn()]);
  working.catch(() => {
    isOver = true;
  });
  return {
    ...{ runByCase, verdicts, left, working },
    refused: () => refused,
    async pause() {
      isPaused = true;
      while (asking > 0 && !isOver) await delay(AGAIN_MS);
      if (isOver) await working;
    },
    resume() {
      isPaused = false;
    },
    async stop() {
      isOver = true;
      await working;
    },
  };
}
