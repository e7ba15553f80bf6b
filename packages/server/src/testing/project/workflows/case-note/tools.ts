import type { ToolContract } from '@portreeve/contract';

const CASE_ID = { type: 'string', pattern: '^[A-Z]{2,6}-[0-9]{1,6}$' };

/** Tier 1: looks something up and changes nothing. */
export const lookUpOwner: ToolContract = {
  name: 'look_up_owner',
  version: '1.0',
  title: 'Look up the owner of a case',
  description: 'Says which team owns a case.',
  tier: 1,
  effect: 'read',
  args: { type: 'object', additionalProperties: false, required: ['case_id'], properties: { case_id: CASE_ID } },
  result: { type: 'object', required: ['owner'], properties: { owner: { type: 'string' } } },
  sinks: [],
  clearance: { confidentiality: 'internal', categories: [] },
  profiles: {},
  undo: 'irreversible',
  timeout_ms: 5000,
  idempotency: 'none',
  audience: 'urn:portreeve:test:downstream',
  binding: { connector: 'http', method: 'GET', url: 'system://downstream/cases/{case_id}/owner', body: false },
};

/** Tier 3: other teams read it, and it cannot be taken back. */
export const publishNote: ToolContract = {
  ...lookUpOwner,
  name: 'publish_note',
  title: 'Publish a note in a case',
  description: 'Publishes a note where every team that works on the case reads it.',
  tier: 3,
  effect: 'external',
  args: {
    type: 'object',
    additionalProperties: false,
    required: ['case_id', 'note', 'evidence'],
    properties: {
      case_id: CASE_ID,
      note: { type: 'string', minLength: 1, maxLength: 800 },
      evidence: { type: 'array', items: { type: 'string' } },
    },
  },
  result: { type: 'object', required: ['revision'], properties: { revision: { type: 'integer' } } },
  sinks: [
    { path: '/case_id', kind: 'target' },
    { path: '/note', kind: 'payload' },
  ],
  binding: { connector: 'http', method: 'POST', url: 'system://downstream/cases/{case_id}/notes', body: true },
};
