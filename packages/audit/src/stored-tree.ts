import { PortreeveError, type Tx } from '@portreeve/contract';
import { Frontier, frontierOf } from './merkle.ts';
import type { AuditStore } from './ports.ts';
import { hashSpans } from './proof.ts';

/** The right edge of the stored tree of `size` leaves. */
export async function frontierAt(store: AuditStore, tx: Tx | null, log: string, size: number): Promise<Frontier> {
  const spans = frontierOf(size).map(({ level, from, to }) => [from * 2 ** level, to * 2 ** level] as const);
  return new Frontier(size, await hashSpans(spans, (ranges) => store.nodes(tx, log, ranges)));
}

/** What the store holds is not what was written to it. */
export function broken(index: number | null, detail: string): PortreeveError {
  return new PortreeveError('log_broken', index === null ? `The log: ${detail}.` : `From index ${index}: ${detail}.`);
}
