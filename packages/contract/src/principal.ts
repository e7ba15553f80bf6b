import { z } from 'zod';
import { idSchema } from './ids.ts';

/** `enforcer`: a system that asks what policy says of others, and enforces it in its own house (AuthZEN). */
export const ROLES = ['requester', 'approver', 'operator', 'auditor', 'admin', 'enforcer'] as const;
export type Role = (typeof ROLES)[number];

export const PRINCIPAL_KINDS = ['person', 'service', 'agent'] as const;

export const actorSchema = z.strictObject({
  /** `agent:<workflow>` or the id of a registered principal. */
  id: z.string().min(1).max(128),
  kind: z.enum(PRINCIPAL_KINDS),
});

/**
 * Who asks. `act` names who acts for this principal, outermost first (RFC 8693): the right is the principal's, the hand
 * is the actor's, and both stand in every record.
 */
export const principalSchema = z.strictObject({
  id: idSchema('principal'),
  kind: z.enum(PRINCIPAL_KINDS),
  name: z.string().min(1).max(128),
  roles: z.array(z.enum(ROLES)),
  groups: z.array(z.string().min(1).max(128)),
  act: z.array(actorSchema).max(8).default([]),
});
export type Principal = z.infer<typeof principalSchema>;
export type Actor = z.infer<typeof actorSchema>;
