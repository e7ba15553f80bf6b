import { at, defineWorkflow } from '@portreeve/sdk';
import type { WorkflowTest } from '@portreeve/sdk/testing';
import { z } from 'zod';
import { head, prompt, source, tool } from './declared.ts';

const team = z.enum(['billing', 'access']);

export default defineWorkflow({
  ...head,
  name: 'route-mail',
  sources: [source('mails')],
  tools: [tool('route_ticket', { id: z.string(), queue: team, team })],
  prompts: ['read-mail', 'plan-reply'],
  async run(context) {
    const { input } = context;
    const mails = await context.read('mails', { id: input.id });
    const why = { rationale: 'The mail was read.' };
    // the block: statements
    return { parts: [at, mails, why].length };
  },
});

/** The planner sees a handle, and names a part of it; the part's value is what is sent. */
export const trial: WorkflowTest = {
  input: { id: 'T-1' },
  prompts: [
    prompt('read-mail', 'extract', ['mails'], ['queue']),
    prompt('plan-reply', 'classify', ['«mail»'], ['team']),
  ],
  sources: { mails: [{ text: 'My invoice is wrong.' }] },
  answers: { 'read-mail': { queue: 'billing' }, 'plan-reply': { team: '«handle:q1/queue»' } },
  actions: { route_ticket: { status: 'succeeded' } },
};

export const came = {
  asks: ['read-mail', 'plan-reply'],
  acts: [['route_ticket', { id: 'T-1', queue: 'billing', team: 'billing' }, 'succeeded']],
  result: { parts: 3 },
};
