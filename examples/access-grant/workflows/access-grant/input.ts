import { z } from 'zod';

export const personId = z.string().regex(/^u-[0-9]{4}$/, 'use a person such as u-1007');
export const systemId = z.string().regex(/^[a-z][a-z0-9-]{1,31}$/, 'use a system such as billing');
/** A system, a colon and what one may do there, such as `billing:read-invoices`. */
export const entitlement = z
  .string()
  .max(96)
  .regex(/^[a-z][a-z0-9-]{1,31}:[a-z][a-z0-9-]{1,63}$/);

export const input = z.strictObject({
  person: personId,
  system: systemId,
  hours: z.int().min(1).max(720),
  /** What the person must be able to do, in the manager's words. */
  need: z.string().min(3).max(500),
});
