import type { ToolContract } from '@portreeve/contract';
import { lookUpOwner, publishNote } from '../workflows/case-note/tools.ts';

/** Tools for agents outside, on the same downstream as those of the workflow. */
export default [
  { ...lookUpOwner, name: 'find_owner', returns: 'untrusted' },
  {
    ...lookUpOwner,
    name: 'find_secret_owner',
    returns: 'untrusted',
    secrecy: { confidentiality: 'confidential', categories: [] },
  },
  { ...publishNote, name: 'post_note' },
  {
    ...publishNote,
    name: 'keep_note',
    tier: 2,
    effect: 'write',
    undo: { tool: 'drop_note', args: { case_id: { from: 'args', pointer: '/case_id' } }, window_minutes: 60 },
  },
  {
    ...publishNote,
    name: 'send_note',
    tier: 2,
    effect: 'write',
    egress: true,
    clearance: { confidentiality: 'confidential', categories: [] },
    undo: { tool: 'drop_note', args: { case_id: { from: 'args', pointer: '/case_id' } }, window_minutes: 60 },
  },
  {
    ...publishNote,
    name: 'drop_note',
    tier: 2,
    effect: 'write',
    undo: 'irreversible',
    args: {
      type: 'object',
      additionalProperties: false,
      required: ['case_id'],
      properties: { case_id: { type: 'string' } },
    },
    sinks: [{ path: '/case_id', kind: 'target' }],
  },
] satisfies ToolContract[];
