import type pg from 'pg';

/** How many statements have a name: each connection keeps the plans of those that it was sent. */
const NAMES_MAX = 100;

const nameByText = new Map<string, string>();
const corked = new WeakSet<object>();

/**
 * Sends a statement at once, in one packet with all else that is sent before the process waits for something. One with
 * values is prepared once in each connection: nothing may be asked that gives all columns of a table (`*`), for such a plan
 * is refused once a migration has added one.
 */
export function ask(client: pg.ClientBase, text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
  together(client);
  if (!values) return client.query(text);
  const name = nameOf(text);
  return client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) });
}

/** What is sent on this connection before the process waits for something goes in one packet: each is a call of the system. */
export function together(client: pg.ClientBase): void {
  const { stream } = (client as unknown as { connection: { stream: NodeJS.WritableStream & Corkable } }).connection;
  if (corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  process.nextTick(() => {
    corked.delete(stream);
    stream.uncork();
  });
}

interface Corkable {
  cork(): void;
  uncork(): void;
}

function nameOf(text: string): string | undefined {
  const known = nameByText.get(text);
  if (known !== undefined || nameByText.size >= NAMES_MAX || text.includes('*')) return known;
  const name = `portreeve_${nameByText.size}`;
  nameByText.set(text, name);
  return name;
}
