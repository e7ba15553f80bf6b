import { type Clock, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import type { Span } from '../../governance/look-at-record.ts';

const DAYS = 90;
const DAY_MS = 86_400_000;

/** From when until when the record is looked at. */
export const spanShape = {
  from: z.iso.datetime().optional().describe(`Records of this time or later; where left out, ${DAYS} days before`),
  to: z.iso.datetime().optional().describe('Records before this time; where left out, now'),
};

/** Throws `bad_request` for a span that ends before it begins. */
export function spanOf(
  query: { readonly from?: string | undefined; readonly to?: string | undefined },
  clock: Clock,
): Span {
  const to = query.to === undefined ? clock.now() : new Date(query.to);
  const from = query.from === undefined ? new Date(to.getTime() - DAYS * DAY_MS) : new Date(query.from);
  if (from < to) return { from: from.toISOString(), to: to.toISOString() };
  throw new PortreeveError('bad_request', 'What is looked at ends after it begins.', {
    errors: [{ path: 'from', message: 'is not before `to`' }],
  });
}
