import type { Client } from './client.ts';

// biome-ignore lint/suspicious/noExplicitAny: a row as the API answers it
type Row = any;

const PAGE = 200;

/** Every row of a list that comes in pages. */
export async function allOf(client: Client, path: string, key: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const page: Row = await client.call('GET', `${path}limit=${PAGE}${after ? `&after=${after}` : ''}`);
    rows.push(...page[key]);
    after = page.next;
  }
  return rows;
}
