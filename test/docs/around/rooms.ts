import { defineWorkflow } from '@portreeve/sdk';
import type { WorkflowTest } from '@portreeve/sdk/testing';
import { z } from 'zod';
import { head, tool } from './declared.ts';

const id = { id: z.string() };

export default defineWorkflow({
  ...head,
  name: 'open-rooms',
  sources: [],
  tools: [
    tool('book_seat', id, {
      tool: 'free_seat',
      args: { id: { from: 'args', pointer: '/id' } },
      window_minutes: 60,
    }),
    tool('free_seat', id),
    tool('open_room', id),
  ],
  prompts: [],
  async run({ input, act, unwind }) {
    const { id } = input;
    const rationale = 'It is asked for.';
    const booked = await act('book_seat', { id }, { rationale });
    if (booked.status !== 'succeeded') return { ...(await unwind({ rationale })) };
    // the block: statements
    return { status: 'open' };
  },
});

/** The second of two steps fails: what the first did is taken back. */
export const trial: WorkflowTest = {
  input: { id: 'T-1' },
  actions: {
    book_seat: { status: 'succeeded' },
    open_room: { status: 'failed', reason: 'closed' },
    free_seat: { status: 'succeeded' },
  },
};

export const came = {
  asks: [],
  acts: [
    ['book_seat', { id: 'T-1' }, 'succeeded'],
    ['open_room', { id: 'T-1' }, 'failed'],
    ['free_seat', { id: 'T-1' }, 'succeeded'],
  ],
  result: { status: 'unwound', undone: 1, left: [], handoff: null },
};
