import { allOf } from '../../all-of.ts';
import type { Client } from '../../client.ts';
import { EXIT, ProblemError, UsageError } from '../../failure.ts';
import { printable, style, table } from '../../output.ts';
import type { GlobalOptions } from '../../session.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
export type Row = any;
export type Run<O> = (action: (options: O, first: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;

/** The id of an account that was named by its id or by its name; `path` lists those that it may be. */
export async function idOf(client: Client, named: string, path: string, key: string): Promise<string> {
  if (named.startsWith('prn_')) return encodeURIComponent(named);
  const found = (await allOf(client, path, key)).find(({ name }) => name === named);
  if (found) return found.id;
  throw new ProblemError({
    type: 'urn:portreeve:error:not_found',
    title: 'There is no such thing',
    status: 404,
    code: 'not_found',
    detail: `Nothing there is called ${printable(named)}.`,
    next: 'Check the name; `list` shows what exists.',
  });
}

/** `a,b c` as a list. */
export function words(text: string | undefined): string[] {
  return (text ?? '').split(/[\s,]+/).filter((word) => word !== '');
}

export function wholeNumber(text: string, option: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${option} is a whole number, not ${JSON.stringify(text)}.`);
  return Number(text);
}

/** One document with `--json`, otherwise rows as a table or the sentence for none. */
export function showRows(options: GlobalOptions, key: string, rows: Row[], line: (row: Row) => string[], none: string) {
  if (options.json) console.log(JSON.stringify({ [key]: rows }));
  else if (rows.length === 0) console.log(none);
  else console.log(table(rows.map((row) => line(row).map(printable))));
  return EXIT.done;
}

/** A secret, alone on standard output so that it can be piped, and the warning beside it. */
export function showSecret(options: GlobalOptions, created: Row, what: string): number {
  if (options.json) {
    console.log(JSON.stringify(created));
    return EXIT.done;
  }
  console.log(created.token);
  console.error(
    `${style('yellow', 'warning:')} this is shown once and kept nowhere. ${what} ${printable(created.id)}, until ${printable(created.expires_at)}. Put it into a secret store, and into no file of a repository.`,
  );
  return EXIT.done;
}
