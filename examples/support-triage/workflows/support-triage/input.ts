import { z } from 'zod';

export const ticketId = z.string().regex(/^T-[0-9]{4}$/, 'use a ticket such as T-1001');

export const input = z.strictObject({
  ticket: ticketId,
  /** What the support agent wants the customer to be told, in the agent's own words. */
  answer: z.string().min(3).max(600).optional(),
});
