import { defineTool, type ToolSpec } from '@portreeve/sdk';
import { z } from 'zod';
import { entitlement, personId } from './input.ts';

const clearance: ToolSpec['clearance'] = { confidentiality: 'confidential', categories: ['personal'] };
const shared = {
  version: '1.0',
  effect: 'write',
  clearance,
  timeout_ms: 10_000,
  idempotency: 'key',
  audience: 'urn:portreeve:example:directory',
} as const;

/** Who, what, how long and why: the same for the grant and for what shows it beforehand. */
const grantArgs = z.strictObject({
  person: personId,
  entitlement,
  minutes: z.int().min(15).max(43_200),
  justification: z.string().min(1).max(400),
});
const grantSinks: ToolSpec['sinks'] = [
  { path: '/person', kind: 'recipient' },
  { path: '/entitlement', kind: 'target' },
  { path: '/minutes', kind: 'amount' },
  { path: '/justification', kind: 'payload' },
];
const held = z.strictObject({ access: z.array(z.strictObject({ entitlement: z.string(), minutes_left: z.int() })) });

/** What a grant would change of what the person has: the approver sees the difference. It only reads. */
export const showTemporaryAccess = defineTool({
  ...shared,
  name: 'show_temporary_access',
  title: 'Show temporary access beforehand',
  description:
    'Says what temporary access the person has now, and what they would have after the grant. It gives none.',
  tier: 1,
  effect: 'read',
  args: grantArgs,
  result: z.strictObject({ before: held, after: held }),
  sinks: grantSinks,
  undo: 'irreversible',
  binding: { connector: 'http', method: 'POST', url: 'system://directory/people/{person}/access/preview' },
});

/** Access that ends by itself. Tier 3: a person approves it. */
export const grantTemporaryAccess = defineTool({
  ...shared,
  name: 'grant_temporary_access',
  title: 'Grant temporary access',
  description: 'Gives one person one entitlement for a number of minutes; the directory takes it back by itself.',
  tier: 3,
  args: grantArgs,
  result: z.looseObject({ access: z.string(), expires_at: z.string() }),
  sinks: grantSinks,
  dry_run: { by: 'tool', tool: 'show_temporary_access' },
  // What policy may narrow it to: `@remedy("narrow:working-day")`.
  profiles: { 'working-day': [{ do: 'cap', path: '/minutes', max: 480 }] },
  // The directory makes the id of an access: what undoes it may be aimed by it.
  returns: 'trusted',
  // Until the longest access has ended by itself.
  undo: {
    tool: 'end_temporary_access',
    args: { access: { from: 'result', pointer: '/access' } },
    window_minutes: 43_200,
  },
  binding: { connector: 'http', method: 'POST', url: 'system://directory/people/{person}/access' },
});

/** The way back: it only takes away what the other tool gave. */
export const endTemporaryAccess = defineTool({
  ...shared,
  name: 'end_temporary_access',
  title: 'End temporary access',
  description: 'Takes one temporary access back before it ends by itself.',
  tier: 2,
  args: z.strictObject({ access: z.string().regex(/^acc-[a-f0-9]{12}$/) }),
  result: z.looseObject({ access: z.string(), ended_at: z.string() }),
  sinks: [{ path: '/access', kind: 'target' }],
  undo: 'irreversible',
  binding: { connector: 'http', method: 'POST', url: 'system://directory/access/{access}/end' },
});
