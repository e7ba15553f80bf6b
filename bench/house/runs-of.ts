import { setTimeout as after } from 'node:timers/promises';
import type pg from 'pg';
import type { House } from './house.ts';

type Workflow = 'note-order' | 'pay-order';

/** What a bench does with the runs of a house. Looked at in the database, so that the looking costs the process nothing. */
export function runsOf(client: pg.Pool) {
  async function comesTo(run: string, state: 'waiting' | 'completed'): Promise<{ readonly approval: string | null }> {
    for (;;) {
      const { rows } = await client.query('SELECT state, ending, approval FROM runs WHERE id = $1', [run]);
      const [now] = rows;
      if (now?.state === state) return now;
      if (now?.ending) throw new Error(`${run} ended ${now.state}: ${now.ending}`);
      await after(2);
    }
  }

  async function submit({ people }: House, workflow: Workflow): Promise<string> {
    const answer = await people.analyst.post('/v1/runs', { workflow, input: { order: 'o-1' } });
    if (typeof answer.id !== 'string') throw new Error(JSON.stringify(answer));
    return answer.id;
  }

  /** A run that waits for a person, and its approval. */
  async function waiting(house: House): Promise<{ readonly run: string; readonly approval: string }> {
    const run = await submit(house, 'pay-order');
    const { approval } = await comesTo(run, 'waiting');
    return { run, approval: approval! };
  }

  /** Milliseconds from a person's verdict until the run has ended. */
  async function decide(house: House, { run, approval }: { run: string; approval: string }): Promise<number> {
    const begun = performance.now();
    const answer = await house.people.lead.approve(approval);
    if (answer.code) throw new Error(JSON.stringify(answer));
    await comesTo(run, 'completed');
    return performance.now() - begun;
  }

  /** Milliseconds from a task until its run has ended. */
  async function whole(house: House): Promise<number> {
    const begun = performance.now();
    await comesTo(await submit(house, 'note-order'), 'completed');
    return performance.now() - begun;
  }

  return { comesTo, submit, waiting, decide, whole };
}

export async function median(times: number, once: () => Promise<number>): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) taken.push(await once());
  taken.sort((a, b) => a - b);
  return Number(taken[Math.floor(taken.length / 2)]!.toPrecision(4));
}
