import type { JsonObject, ToolContract } from '@portreeve/contract';
import { defineTool } from '@portreeve/sdk';

const text = { type: 'string', maxLength: 2000 };
const object = (properties: JsonObject, required = Object.keys(properties)) => ({
  ...{ type: 'object', properties, required },
  additionalProperties: false,
});

/** Tools that an agent runs where it is: the gate lets them, and carries out none. */
const here = {
  version: '1',
  binding: { connector: 'caller' as const },
  result: { type: 'object' },
  undo: 'irreversible' as const,
  idempotency: 'none' as const,
  timeout_ms: 10_000,
  audience: 'urn:test:desk',
};

export default [
  defineTool({
    ...here,
    name: 'read_page',
    title: 'Read a page',
    description: 'Reads a page of the desk.',
    tier: 1,
    effect: 'read',
    returns: 'untrusted',
    clearance: { confidentiality: 'internal', categories: [] },
    args: object({ page: text }),
    sinks: [],
  }),
  defineTool({
    ...here,
    name: 'start_build',
    title: 'Start a build',
    description: 'Starts a build where the agent is, by its command line.',
    tier: 2,
    effect: 'write',
    returns: 'trusted',
    clearance: { confidentiality: 'internal', categories: [] },
    args: object({ command: text, description: text }, ['command']),
    sinks: [{ path: '/command', kind: 'target' }],
    // Taken back by the gateway, not by the agent.
    undo: { tool: 'drop_build', args: { build: { from: 'args', pointer: '/command' } }, window_minutes: 60 },
  }),
  defineTool({
    ...here,
    name: 'drop_build',
    title: 'Drop a build',
    description: 'Takes a build back.',
    tier: 2,
    effect: 'write',
    clearance: { confidentiality: 'internal', categories: [] },
    args: object({ build: text }),
    sinks: [{ path: '/build', kind: 'target' }],
    binding: { connector: 'http', method: 'POST', url: 'system://downstream/builds/drop', body: true },
  }),
] satisfies ToolContract[];
