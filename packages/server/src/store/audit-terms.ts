import type { RecordColumns, SearchValues, StoreSearch } from '@portreeve/audit';

/** Columns whose values stand among the words too, so that one index answers a combination of them. */
const FILED = [
  'type',
  'actor_id',
  'agent',
  'outcome',
  'workflow',
  'tool',
  'model',
  'prompt',
  'prompt_version',
  'policy_version',
  'release',
] as const satisfies readonly (keyof RecordColumns)[];

/** Blocks of 2^n records in which a record lies. */
export const BLOCK_BITS = [13, 16, 19, 22] as const;

/** One lexeme as PostgreSQL reads it in a tsvector and in a tsquery. No word of a text begins with `=`. */
function lexeme(name: string, value: string | number): string {
  const text = `=${name}:${value}`.slice(0, 300).replaceAll('\u0000', '');
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/** The tsvector, without its words, that a record is filed under. */
export function termsOf(index: number, columns: RecordColumns): string {
  const terms: string[] = BLOCK_BITS.map((bits) => blockTerm(bits, Math.floor(index / 2 ** bits)));
  for (const name of FILED) {
    const value = columns[name];
    if (value !== null && value !== '') terms.push(lexeme(name, value));
  }
  for (const code of columns.codes) terms.push(lexeme('code', code));
  return terms.join(' ');
}

export const blockTerm = (bits: number, block: number): string => lexeme(String(bits), block);

/** The tsquery of all that a search asks besides its words and its ids; null where that is nothing. */
export function termsAsked(search: StoreSearch): string | null {
  const asked = Object.entries(search.equals as SearchValues).flatMap(([name, value]) =>
    name === 'code' || (FILED as readonly string[]).includes(name) ? [lexeme(name, value)] : [],
  );
  if (search.types !== null) asked.push(any(search.types.map((type) => lexeme('type', type))));
  if (search.workflows !== null) asked.push(any(search.workflows.map((name) => lexeme('workflow', name))));
  return asked.length === 0 ? null : asked.join(' & ');
}

/** Any of them; of none, what no record has. */
function any(terms: readonly string[]): string {
  return terms.length === 0 ? lexeme('none', '') : `(${terms.join(' | ')})`;
}
