import { canonicalJson, type Digest, type Json, rolloutSchema } from '@portreeve/contract';
import type { PilotStep, PilotStore } from '@portreeve/govern';
import { type ColumnType, type Generated, type Selectable, sql } from 'kysely';
import type { Database } from './database.ts';

interface StepsTable {
  number: Generated<string>;
  release: string;
  workflow: string;
  rollout: string;
  index: number;
  runs_max: number;
  entered_at: ColumnType<Date, string, never>;
  left_at: ColumnType<Date | null, null | undefined, string>;
  taken: Generated<number>;
}

interface RunsTable {
  run: string;
  step: string;
}

declare module './tables.ts' {
  interface Tables {
    pilot_steps: StepsTable;
    pilot_runs: RunsTable;
  }
}

/** The pilots of releases in PostgreSQL. */
export function pilotStore(database: Database): PilotStore {
  const open = (on: ReturnType<Database['on']>) =>
    on.selectFrom('pilot_steps').selectAll().where('left_at', 'is', null);
  const leave: PilotStore['leave'] = async (tx, release, at) => {
    await database
      .on(tx)
      .updateTable('pilot_steps')
      .set({ left_at: at })
      .where('release', '=', release)
      .where('left_at', 'is', null)
      .execute();
  };
  return {
    leave,
    async enter(tx, { release, workflow, rollout, index, entered_at }) {
      await leave(tx, release, entered_at);
      await database
        .on(tx)
        .insertInto('pilot_steps')
        .values({
          ...{ release, workflow, index, entered_at },
          rollout: canonicalJson(rollout as unknown as Json),
          runs_max: rollout[index]!.runs_max,
        })
        .execute();
    },
    async get(release) {
      const row = await open(database.read).where('release', '=', release).executeTakeFirst();
      return row ? stepOf(row) : null;
    },
    async lock(tx, release) {
      const row = await open(database.on(tx)).where('release', '=', release).forUpdate().executeTakeFirst();
      return row ? stepOf(row) : null;
    },
    async count(tx, release, run) {
      const on = database.on(tx);
      const { number } = await on
        .updateTable('pilot_steps')
        .set({ taken: sql`taken + 1` })
        .where('release', '=', release)
        .where('left_at', 'is', null)
        .returning('number')
        .executeTakeFirstOrThrow();
      await on.insertInto('pilot_runs').values({ run, step: number }).execute();
    },
    async runs(release) {
      const { ended, failed } = await database.read
        .selectFrom('pilot_steps')
        .innerJoin('pilot_runs', 'pilot_runs.step', 'pilot_steps.number')
        .innerJoin('runs', 'runs.id', 'pilot_runs.run')
        .select(({ fn }) => fn.countAll<string>().as('ended'))
        .select(sql<string>`count(*) FILTER (WHERE runs.state IN ('failed', 'handed_off'))`.as('failed'))
        .where('pilot_steps.release', '=', release)
        .where('pilot_steps.left_at', 'is', null)
        .where('runs.ended_at', 'is not', null)
        .executeTakeFirstOrThrow();
      return { ended: Number(ended), failed: Number(failed) };
    },
    async open() {
      return (await open(database.read).orderBy('number').execute()).map(stepOf);
    },
    async tried(workflow) {
      const rows = await database.read
        .selectFrom('pilot_steps')
        .select('release')
        .distinct()
        .where('workflow', '=', workflow)
        .execute();
      return rows.map(({ release }) => release as Digest);
    },
  };
}

function stepOf({ release, workflow, rollout, index, entered_at, taken }: Selectable<StepsTable>): PilotStep {
  return {
    ...{ release: release as Digest, workflow, index, taken },
    rollout: rolloutSchema.parse(JSON.parse(rollout)),
    entered_at: entered_at.toISOString(),
  };
}
