/** What is no code: a line's comment, a text, a name in quotes, a text between dollars. */
const SKIPPED = /--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]*)\$[\s\S]*?\$\1\$/y;

/** The statements of a migration, in order, each with the comments that stand in it or before it. */
export function splitStatements(sql: string): string[] {
  return partsAt(sql, ';').filter((statement) => codeOf(statement) !== '');
}

/** The parts of a text at a character that stands in no text, comment or brackets. */
export function partsAt(sql: string, separator: ';' | ','): string[] {
  const parts: string[] = [];
  let from = 0;
  let depth = 0;
  for (let at = 0; at < sql.length; ) {
    SKIPPED.lastIndex = at;
    const skipped = SKIPPED.exec(sql)?.[0].length;
    if (skipped) {
      at += skipped;
      continue;
    }
    const char = sql[at];
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === separator && depth === 0) {
      parts.push(sql.slice(from, at).trim());
      from = at + 1;
    }
    at++;
  }
  parts.push(sql.slice(from).trim());
  return parts;
}

/** A statement without its comments, on one line. */
export function codeOf(statement: string): string {
  return statement
    .replaceAll(new RegExp(SKIPPED.source, 'g'), (found) => (found.startsWith('--') ? ' ' : found))
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/**
 * What the author of a statement says about it, as `-- NOTE: REASON` in it or before it; null where nothing is said.
 * `held`: why it may hold its lock for as long as it does. `contracts`: what it takes from the version before, which cannot
 * run on this schema. `keeps`: why the version before can, although it looks otherwise.
 */
export function noteOf(statement: string, note: 'held' | 'contracts' | 'keeps'): string | null {
  return new RegExp(`--\\s*${note}:\\s*(\\S[^\\n]*)`).exec(statement)?.[1]?.trim() ?? null;
}
