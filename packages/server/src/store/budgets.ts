import type { Budget, BudgetsConfig, Clock, RunId } from '@portreeve/contract';
import type { Amount, Budgets, Payer, Shortfall } from '@portreeve/model';
import { type ColumnType, type Generated, sql } from 'kysely';
import type { Database } from './database.ts';

interface BudgetUsesTable {
  budget: string;
  month: string;
  tokens: Generated<string>;
  micros: Generated<string>;
  reserved_tokens: Generated<string>;
  reserved_micros: Generated<string>;
}

interface BudgetReservationsTable {
  id: string;
  run: string;
  workflow: string;
  owner: string;
  month: string;
  tokens: ColumnType<string, number, never>;
  micros: ColumnType<string, number, never>;
  until: ColumnType<Date, Date, never>;
}

declare module './tables.ts' {
  interface Tables {
    budget_uses: BudgetUsesTable;
    budget_reservations: BudgetReservationsTable;
  }
}

/** What was spent of one budget, and what is kept back. */
export interface BudgetUse extends Amount {
  readonly reserved: Amount;
}

export interface BudgetStore extends Budgets {
  /** What a run has cost so far; null where it has asked nothing. */
  ofRun(run: RunId): Promise<BudgetUse | null>;
  /** The budget of this month that is used up for such a workflow, or null. */
  exhausted(payer: Pick<Payer, 'workflow' | 'owner'>): Promise<Shortfall | null>;
  /** Counts as spent what was kept back for attempts whose process is lost; gives how many. */
  settleLost(): Promise<number>;
}

/** One budget that a question counts for. */
interface Line {
  readonly budget: string;
  readonly month: string;
  readonly limit: Budget | null;
}

type Tx = Parameters<Parameters<Database['transaction']>[0]>[0];

export function budgetStore(database: Database, config: BudgetsConfig, clock: Clock): BudgetStore {
  const thisMonth = () => clock.now().toISOString().slice(0, 7);

  /** All that a question counts for, in the order in which their rows are locked. */
  const lines = ({ run, workflow, owner }: Payer, month: string): Line[] => {
    const own = Object.hasOwn(config.workflows, workflow) ? config.workflows[workflow] : undefined;
    const theirs = Object.hasOwn(config.owners, owner) ? config.owners[owner] : undefined;
    return [
      { budget: 'all', month, limit: config.month ?? null },
      { budget: `owner:${owner}`, month, limit: theirs?.month ?? null },
      { budget: `run:${run}`, month: '', limit: own?.run ?? config.run ?? null },
      { budget: `workflow:${workflow}`, month, limit: own?.month ?? null },
    ];
  };

  /** The rows of these budgets, locked always in the same order. */
  const locked = (tx: Tx, of: readonly Line[]) =>
    database
      .on(tx)
      .selectFrom('budget_uses')
      .selectAll()
      .where(sql<boolean>`(budget, month) IN (${sql.join(of.map(({ budget, month }) => sql`(${budget}, ${month})`))})`)
      .orderBy('budget')
      .orderBy('month')
      .forUpdate()
      .execute();

  const add = (tx: Tx, of: readonly Line[], used: Amount, reserved: Amount) =>
    database
      .on(tx)
      .updateTable('budget_uses')
      .set({
        tokens: sql<string>`tokens + ${used.tokens}`,
        micros: sql<string>`micros + ${used.micros}`,
        reserved_tokens: sql<string>`reserved_tokens + ${reserved.tokens}`,
        reserved_micros: sql<string>`reserved_micros + ${reserved.micros}`,
      })
      .where(sql<boolean>`(budget, month) IN (${sql.join(of.map(({ budget, month }) => sql`(${budget}, ${month})`))})`)
      .execute();

  async function settleIn(tx: Tx, id: string, used: Amount | null): Promise<boolean> {
    const [kept] = await database
      .on(tx)
      .deleteFrom('budget_reservations')
      .where('id', '=', id)
      .returningAll()
      .execute();
    if (!kept) return false;
    const reserved = { tokens: Number(kept.tokens), micros: Number(kept.micros) };
    const of = lines({ ...kept, run: kept.run as RunId }, kept.month);
    await locked(tx, of);
    await add(tx, of, used ?? reserved, { tokens: -reserved.tokens, micros: -reserved.micros });
    return true;
  }

  return {
    reserve: (id, payer, most, lease_ms) =>
      database.transaction(async (tx) => {
        const month = thisMonth();
        const of = lines(payer, month);
        await database
          .on(tx)
          .insertInto('budget_uses')
          .values(of.map(({ budget, month }) => ({ budget, month })))
          .onConflict((conflict) => conflict.columns(['budget', 'month']).doNothing())
          .execute();
        const rows = await locked(tx, of);
        for (const { budget, month, limit } of of) {
          const use = rows.find((row) => row.budget === budget && row.month === month);
          const short = limit && use && shortfall(use, limit, most);
          if (short) return short;
        }
        await add(tx, of, { tokens: 0, micros: 0 }, most);
        const until = new Date(clock.now().getTime() + lease_ms);
        const { run, workflow, owner } = payer;
        await database
          .on(tx)
          .insertInto('budget_reservations')
          .values({ id, run, workflow, owner, month, ...most, until })
          .execute();
        return null;
      }),

    async settle(id, used) {
      await database.transaction((tx) => settleIn(tx, id, used));
    },

    async ofRun(run) {
      const row = await database.read
        .selectFrom('budget_uses')
        .selectAll()
        .where('budget', '=', `run:${run}`)
        .executeTakeFirst();
      return row ? useOf(row) : null;
    },

    async exhausted({ workflow, owner }) {
      const of = lines({ run: '' as RunId, workflow, owner }, thisMonth()).filter(({ limit, month }) => limit && month);
      if (of.length === 0) return null;
      const rows = await database.read
        .selectFrom('budget_uses')
        .selectAll()
        .where('month', '=', of[0]!.month)
        .where(
          'budget',
          'in',
          of.map(({ budget }) => budget),
        )
        .execute();
      for (const row of rows) {
        const limit = of.find(({ budget }) => budget === row.budget)?.limit;
        // The least that a question takes is one of each.
        const short = limit && shortfall({ ...row, reserved_tokens: '0', reserved_micros: '0' }, limit, LEAST);
        if (short) return short;
      }
      return null;
    },

    async settleLost() {
      const lost = await database.read
        .selectFrom('budget_reservations')
        .select('id')
        .where('until', '<', clock.now())
        .limit(500)
        .execute();
      let count = 0;
      for (const { id } of lost) if (await database.transaction((tx) => settleIn(tx, id, null))) count++;
      return count;
    },
  };
}

const LEAST: Amount = { tokens: 1, micros: 1 };

type Row = Pick<BudgetUsesTable, 'budget' | 'month'> &
  Record<'tokens' | 'micros' | 'reserved_tokens' | 'reserved_micros', string>;

const useOf = (row: Row): BudgetUse => ({
  tokens: Number(row.tokens),
  micros: Number(row.micros),
  reserved: { tokens: Number(row.reserved_tokens), micros: Number(row.reserved_micros) },
});

/** Which unit of a budget is short for this, and by how much. */
function shortfall(row: Row, limit: Budget, asked: Amount): Shortfall | null {
  const use = useOf(row);
  for (const unit of ['micros', 'tokens'] as const) {
    const most = limit[unit];
    // A question without a price takes nothing of a budget of money.
    if (most === undefined || asked[unit] === 0 || use[unit] + use.reserved[unit] + asked[unit] <= most) continue;
    return {
      budget: row.budget.startsWith('run:') ? 'run' : row.budget,
      month: row.month || null,
      ...{ unit, limit: most, used: use[unit], reserved: use.reserved[unit], asked: asked[unit] },
    };
  }
  return null;
}
