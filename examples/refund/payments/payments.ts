import { type GrantUsed, openJournal, Problem, rememberGrants } from '@portreeve/example-downstream';
import type { GrantInfo, ReplayStore } from '@portreeve/verify';
import { ORDERS, type Order } from './orders.ts';

/** By whose right something was done: on whose behalf, and who agreed. */
interface By {
  readonly subject: string;
  readonly approvers: readonly string[];
}

type Line =
  | { readonly type: 'refunded'; readonly key: string; readonly order: string; readonly cents: number; readonly by: By }
  | { readonly type: 'cancelled'; readonly key: string; readonly order: string; readonly by: By }
  | GrantUsed;

export interface Payments {
  /** Remembers used grants, so that a restart forgets none. */
  readonly replay: ReplayStore;
  /** What of an order can still be paid back, in cents. */
  openCents(order: string): number;
  /**
   * Pays an order back, once for each key. Refuses another sum than what is open, so that a mistake of who asks, or of what
   * it was told, is seen here too.
   */
  refund(order: string, cents: number, key: string, grant: GrantInfo): Promise<void>;
  /** Takes a refund back, once for each key. */
  cancel(order: string, key: string, grant: GrantInfo): Promise<void>;
  close(): Promise<void>;
}

/** Opens `payments.jsonl`, in which every change is on the disk before it is answered. */
export async function openPayments(folder: string): Promise<Payments> {
  const { journal, lines } = await openJournal<Line>(folder, 'payments.jsonl');
  const done = new Set<string>();
  const refunded = new Map<string, number>();
  const remember = (line: Line): void => {
    if (line.type === 'grant_used') return;
    done.add(line.key);
    if (line.type === 'refunded') refunded.set(line.order, line.cents);
    else refunded.delete(line.order);
  };
  for (const line of lines) remember(line);
  const openCents = (number: string): number => {
    const { order, paid_cents } = orderOf(number);
    return paid_cents - (refunded.get(order) ?? 0);
  };
  const once = (line: Exclude<Line, GrantUsed>, check: () => void): Promise<void> =>
    journal.inTurn(async () => {
      if (done.has(line.key)) return;
      check();
      await journal.append(line);
      remember(line);
    });

  return {
    replay: rememberGrants(journal, lines),
    openCents,
    refund: (order, cents, key, { subject, approvers }) =>
      once({ type: 'refunded', key, order, cents, by: { subject, approvers } }, () => {
        const open = openCents(order);
        if (open === 0) throw new Problem(409, 'nothing_open', 'The order was paid back before.');
        if (cents !== open) throw new Problem(409, 'another_sum', `What can be paid back is ${open} cents.`);
      }),
    cancel: (order, key, { subject, approvers }) =>
      once({ type: 'cancelled', key, order, by: { subject, approvers } }, () => {
        if (!refunded.has(orderOf(order).order)) throw new Problem(409, 'no_refund', 'The order was not paid back.');
      }),
    close: () => journal.close(),
  };
}

export function orderOf(number: string | undefined): Order {
  const found = ORDERS.find(({ order }) => order === number);
  if (!found) throw new Problem(404, 'unknown_order', 'There is no such order.');
  return found;
}
