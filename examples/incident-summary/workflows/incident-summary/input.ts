import { z } from 'zod';

/** A case of the case system, such as CASE-1042, or a name made from the name of a log file. */
export const caseId = z
  .string()
  .max(64)
  .regex(/^([A-Z]{2,6}-[0-9]{1,6}|[a-z0-9]+([-_][a-z0-9]+)*)$/, 'use a case such as CASE-1042');

export const input = z.strictObject({
  case_id: caseId,
  /** What the analyst wants to know besides a summary. */
  question: z.string().min(1).max(500).optional(),
  /** Where the logs come from. */
  logs: z.enum(['case-system', 'attached']).default('case-system'),
});
