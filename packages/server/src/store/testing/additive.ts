import { madeBy } from '../migration/effects.ts';
import { codeOf, noteOf, partsAt } from '../migration/split.ts';

/*
 * Whether the version before goes on working on the schema that a migration makes. While a new version is rolled out, and
 * where it is rolled back, its processes run on that schema (requirement J2).
 */

const COLUMN = /^ADD (?:COLUMN )?(?:IF NOT EXISTS )?(?!CONSTRAINT|CHECK|PRIMARY|UNIQUE|FOREIGN)/i;
/** A column that the version before does not fill. */
const isSpare = (action: string): boolean =>
  COLUMN.test(action) && (!/\bNOT NULL\b/i.test(action) || /\bDEFAULT\b/i.test(action));
const ADDS = [
  /^CREATE TABLE \S+ (?!PARTITION OF)/i,
  /^CREATE (?:INDEX|SEQUENCE|FUNCTION)\b/i,
  /^(?:COMMENT ON|GRANT|SET LOCAL)\b/i,
  /^ALTER TABLE \S+ (?:ENABLE|VALIDATE)\b/i,
];
/** The table that a statement is about, where it is one that this migration may have made. */
const ABOUT =
  /^(?:ALTER TABLE (?:IF EXISTS )?(?:ONLY )?|INSERT INTO |UPDATE (?:ONLY )?|DELETE FROM (?:ONLY )?|CREATE UNIQUE INDEX .*?\bON (?:ONLY )?|CREATE TRIGGER .*?\bON |CREATE TABLE \S+ PARTITION OF )"?([a-z_][a-z0-9_]*)"?/i;

function isAdditive(code: string, made: ReadonlySet<string>): boolean {
  const table = ABOUT.exec(code)?.[1];
  if (table !== undefined && made.has(table)) return true;
  if (ADDS.some((pattern) => pattern.test(code))) return true;
  const actions = /^ALTER TABLE \S+ (ADD\b.*)$/i.exec(code)?.[1];
  return actions !== undefined && partsAt(actions, ',').every(isSpare);
}

/**
 * The statements that may take something from the version before, and say neither what (`-- contracts: REASON`) nor why they
 * do not (`-- keeps: REASON`). What is not known counts as taking.
 */
export function unexplained(statements: readonly string[]): string[] {
  const made = madeBy(statements);
  return statements.filter(
    (statement) =>
      !isAdditive(codeOf(statement), made) &&
      noteOf(statement, 'contracts') === null &&
      noteOf(statement, 'keeps') === null,
  );
}
