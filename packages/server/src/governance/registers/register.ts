import type { Principal } from '@portreeve/contract';
import type { Services } from '../../services.ts';
import type { Span } from '../look-at-record.ts';

export const REGISTER_NAMES = ['ai-systems', 'identities', 'data-flows', 'exceptions', 'incidents'] as const;
export type RegisterName = (typeof REGISTER_NAMES)[number];

export type Cell = string | number | boolean | null;
/** A row has every column of its register; `key` names it, and orders the rows. */
export type Row = Readonly<Record<string, Cell>> & { readonly key: string };

export interface Asked {
  readonly services: Services;
  readonly reader: Principal;
  readonly span: Span;
}

export interface Paged extends Asked {
  readonly limit: number;
  /** The `next` of the page before; null for the first. */
  readonly after: string | null;
}

export interface Page {
  readonly rows: readonly Row[];
  /** Null where there is no further page. */
  readonly next: string | null;
}

export interface Register {
  readonly title: string;
  /** What each column holds, in the order in which it is shown. */
  readonly columns: Readonly<Record<string, string>>;
  readonly page: (asked: Paged) => Promise<Page>;
}

/** A register whose rows are few enough to be made at once: pages are cut from them by their keys. */
export function wholeRegister(rows: (asked: Asked) => Promise<readonly Row[]>): Register['page'] {
  return async ({ limit, after, ...asked }) => {
    const all = [...(await rows(asked))].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const left = after === null ? all : all.filter(({ key }) => key > after);
    const page = left.slice(0, limit);
    return { rows: page, next: left.length > limit ? page.at(-1)!.key : null };
  };
}

/** One page as the API answers it. */
export async function registerPage(register: Register & { readonly name: RegisterName }, asked: Paged) {
  const { rows, next } = await register.page(asked);
  const columns = Object.entries(register.columns).map(([name, means]) => ({ name, means }));
  return { register: register.name, title: register.title, columns, rows: rows.map((row) => ({ ...row })), next };
}

/** Whether a reader may see what belongs to a workflow. */
export function seesWorkflow({ services, reader }: Asked): (workflow: string) => boolean {
  const scope = services.auditScope(reader);
  return (workflow) => scope === null || scope.includes(workflow);
}
