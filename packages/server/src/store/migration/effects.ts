import { codeOf, partsAt } from './split.ts';

/** Lock modes of PostgreSQL for a table, weakest first (its documentation, 13.3.1), as far as migrations take them. */
export const LOCK_MODES = [
  'ROW SHARE',
  'ROW EXCLUSIVE',
  'SHARE UPDATE EXCLUSIVE',
  'SHARE',
  'SHARE ROW EXCLUSIVE',
  'ACCESS EXCLUSIVE',
] as const;
export type LockMode = (typeof LOCK_MODES)[number];

/** What is done to the rows of a table while its lock is held: nothing, all are read, sorted into an index, or written. */
export type Work = 'none' | 'scan' | 'index' | 'rewrite';

export interface Effect {
  /** The table; for `DROP INDEX` the index; `*` where what it does is not known. */
  readonly on: string;
  readonly lock: LockMode;
  readonly work: Work;
}

/** What waits while a lock is held. */
export function blocks(lock: LockMode): 'reads and writes' | 'writes' | 'nothing' {
  if (lock === 'ACCESS EXCLUSIVE') return 'reads and writes';
  return lock === 'SHARE' || lock === 'SHARE ROW EXCLUSIVE' ? 'writes' : 'nothing';
}

const NAME = '"?([a-z_][a-z0-9_.]*)"?';
const effect = (on: string, lock: LockMode, work: Work = 'none'): Effect => ({ on, lock, work });
const UNKNOWN: readonly Effect[] = [effect('*', 'ACCESS EXCLUSIVE', 'rewrite')];

/** Tables that a foreign key names: their rows may not go meanwhile. */
const referenced = (code: string): Effect[] =>
  [...code.matchAll(new RegExp(`\\bREFERENCES ${NAME}`, 'gi'))].map(([, table]) =>
    effect(table!, 'SHARE ROW EXCLUSIVE'),
  );

type Row = readonly [RegExp, (table: string, code: string) => readonly Effect[]];
const row = (pattern: string, effects: Row[1]): Row => [new RegExp(`^${pattern}`, 'i'), effects];

/** By how a statement begins; the first that fits. */
const STATEMENTS: readonly Row[] = [
  // The rows of its default part are looked at: none of them may belong to the new one.
  row(`CREATE TABLE \\S+ PARTITION OF ${NAME}`, (table) => [effect(table, 'ACCESS EXCLUSIVE', 'scan')]),
  row('CREATE TABLE', (_table, code) => referenced(code)),
  row(`CREATE (?:UNIQUE )?INDEX CONCURRENTLY .*?\\bON (?:ONLY )?${NAME}`, (table) => [
    effect(table, 'SHARE UPDATE EXCLUSIVE', 'index'),
  ]),
  row(`CREATE (?:UNIQUE )?INDEX .*?\\bON (?:ONLY )?${NAME}`, (table) => [effect(table, 'SHARE', 'index')]),
  row(`DROP INDEX (?:IF EXISTS )?${NAME}$`, (index) => [effect(index, 'ACCESS EXCLUSIVE')]),
  row(`CREATE (?:OR REPLACE )?TRIGGER .*?\\bON ${NAME}`, (table) => [effect(table, 'SHARE ROW EXCLUSIVE')]),
  row(`DROP TRIGGER .*?\\bON ${NAME}`, (table) => [effect(table, 'ACCESS EXCLUSIVE')]),
  row('(?:CREATE (?:OR REPLACE )?|DROP |ALTER )FUNCTION', () => []),
  row('(?:COMMENT ON|GRANT|REVOKE|SET LOCAL|CREATE SEQUENCE)\\b', () => []),
  row(`INSERT INTO ${NAME}`, (table) => [effect(table, 'ROW EXCLUSIVE', 'rewrite')]),
  row(`UPDATE (?:ONLY )?${NAME}`, (table) => [effect(table, 'ROW EXCLUSIVE', 'rewrite')]),
  row(`DELETE FROM (?:ONLY )?${NAME}`, (table) => [effect(table, 'ROW EXCLUSIVE', 'rewrite')]),
  row(`(?:DROP TABLE|TRUNCATE)(?: IF EXISTS)? ${NAME}$`, (table) => [effect(table, 'ACCESS EXCLUSIVE')]),
  row(`ALTER TABLE (?:IF EXISTS )?(?:ONLY )?${NAME} `, (table, code) =>
    partsAt(code.replace(new RegExp(`^ALTER TABLE (?:IF EXISTS )?(?:ONLY )?${NAME} `, 'i'), ''), ',').flatMap(
      (action) => [...altered(table, action), ...referenced(action)],
    ),
  ),
];

/** A default that is one value for all rows is kept once, and no row is written. */
const FIXED_DEFAULT = /\bDEFAULT (?:'[^']*'|-?[\d.]+|true|false|null|now\(\))/i;

const ACTIONS: readonly Row[] = [
  row('ADD (?:COLUMN )?(?:IF NOT EXISTS )?(?!CONSTRAINT|CHECK|PRIMARY|UNIQUE|FOREIGN)', (table, code) => [
    effect(table, 'ACCESS EXCLUSIVE', workOfColumn(code)),
  ]),
  row('ADD .*\\bUSING INDEX\\b', (table) => [effect(table, 'ACCESS EXCLUSIVE')]),
  row('ADD (?:CONSTRAINT \\S+ )?FOREIGN KEY', (table, code) => [
    effect(table, 'SHARE ROW EXCLUSIVE', /\bNOT VALID$/i.test(code) ? 'none' : 'scan'),
  ]),
  row('ADD (?:CONSTRAINT \\S+ )?CHECK', (table, code) => [
    effect(table, 'ACCESS EXCLUSIVE', /\bNOT VALID$/i.test(code) ? 'none' : 'scan'),
  ]),
  row('ADD (?:CONSTRAINT \\S+ )?(?:PRIMARY KEY|UNIQUE)', (table) => [effect(table, 'ACCESS EXCLUSIVE', 'index')]),
  row('VALIDATE CONSTRAINT', (table) => [effect(table, 'SHARE UPDATE EXCLUSIVE', 'scan')]),
  row('ALTER (?:COLUMN )?\\S+ SET NOT NULL', (table) => [effect(table, 'ACCESS EXCLUSIVE', 'scan')]),
  row('ALTER (?:COLUMN )?\\S+ (?:SET DATA )?TYPE', (table) => [effect(table, 'ACCESS EXCLUSIVE', 'rewrite')]),
  row('ALTER (?:COLUMN )?\\S+ (?:SET|DROP) (?:DEFAULT|NOT NULL)', (table) => [effect(table, 'ACCESS EXCLUSIVE')]),
  row('(?:DROP|RENAME)\\b', (table) => [effect(table, 'ACCESS EXCLUSIVE')]),
  row('(?:ENABLE|DISABLE) TRIGGER', (table) => [effect(table, 'SHARE ROW EXCLUSIVE')]),
];

function workOfColumn(code: string): Work {
  if (/\bGENERATED\b/i.test(code)) return 'rewrite';
  if (/\bDEFAULT\b/i.test(code) && !FIXED_DEFAULT.test(code)) return 'rewrite';
  return /\b(?:CHECK|UNIQUE|PRIMARY KEY)\b/i.test(code) ? 'scan' : 'none';
}

const altered = (table: string, action: string): readonly Effect[] => {
  const found = ACTIONS.find(([pattern]) => pattern.test(action));
  return found ? found[1](table, action) : [effect(table, 'ACCESS EXCLUSIVE', 'rewrite')];
};

/** What a statement does to tables that are there before it. What is not known counts as the worst. */
export function effectsOf(statement: string): readonly Effect[] {
  const code = codeOf(statement);
  for (const [pattern, effects] of STATEMENTS) {
    const match = pattern.exec(code);
    if (match) return effects(match[1] ?? '', code);
  }
  return UNKNOWN;
}

/** The tables that a migration makes itself: nobody waits for these. */
export function madeBy(statements: readonly string[]): ReadonlySet<string> {
  const pattern = new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?${NAME}`, 'i');
  return new Set(statements.flatMap((statement) => pattern.exec(codeOf(statement))?.[1] ?? []));
}
