import type { Budget, BudgetsConfig, Clock, RunId } from '@portreeve/contract';
import type { Amount, Budgets, Payer, Shortfall } from '@portreeve/model';
import type { ColumnType, Generated } from 'kysely';
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

/** A budget that has no room, by its place among those asked for. */
interface Short {
  readonly place: number;
  readonly unit: 'micros' | 'tokens';
  readonly used: string;
  readonly reserved: string;
}

const KEEP_BACK = `SELECT place, unit, used, reserved
  FROM budgets_keep_back($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`;
const SETTLE = 'SELECT budgets_settle($1, $2, $3) AS settled';

export function budgetStore(database: Database, config: BudgetsConfig, clock: Clock): BudgetStore {
  const thisMonth = () => clock.now().toISOString().slice(0, 7);

  /** All that a question counts for. */
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

  const settle = async (id: string, used: Amount | null): Promise<boolean> => {
    const [row] = await database.atOnce<{ settled: boolean }>(SETTLE, [id, used?.tokens ?? null, used?.micros ?? null]);
    return row!.settled;
  };

  return {
    async reserve(id, { run, workflow, owner }, most, lease_ms) {
      const month = thisMonth();
      const of = lines({ run, workflow, owner }, month);
      const until = new Date(clock.now().getTime() + lease_ms);
      const [short] = await database.atOnce<Short>(KEEP_BACK, [
        ...[id, run, workflow, owner, month, until, most.tokens, most.micros],
        of.map(({ budget }) => budget),
        of.map(({ month }) => month),
        of.map(({ limit }) => limit?.tokens ?? null),
        of.map(({ limit }) => limit?.micros ?? null),
      ]);
      if (!short) return null;
      const { budget, month: of_month, limit } = of[short.place - 1]!;
      const [used, reserved] = [Number(short.used), Number(short.reserved)];
      return shortfallOf({ budget, month: of_month }, short.unit, limit![short.unit]!, { used, reserved }, most);
    },

    async settle(id, used) {
      await settle(id, used);
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
      for (const { id } of lost) if (await settle(id, null)) count++;
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
    return shortfallOf(row, unit, most, { used: use[unit], reserved: use.reserved[unit] }, asked);
  }
  return null;
}

const shortfallOf = (
  { budget, month }: Pick<Row, 'budget' | 'month'>,
  unit: 'micros' | 'tokens',
  limit: number,
  { used, reserved }: { readonly used: number; readonly reserved: number },
  asked: Amount,
): Shortfall => ({
  budget: budget.startsWith('run:') ? 'run' : budget,
  month: month || null,
  ...{ unit, limit, used, reserved, asked: asked[unit] },
});
