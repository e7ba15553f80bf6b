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

/** Why a statement may hold a lock for as long as it does: `-- held: REASON` in it or before it; null where nobody says. */
export function reasonOf(statement: string): string | null {
  return /--\s*held:\s*(\S[^\n]*)/.exec(statement)?.[1]?.trim() ?? null;
}
