import type { ToolContract } from '@portreeve/contract';
import { defineTool } from '@portreeve/sdk';
import { z } from 'zod';

/** Tools that an agent runs where it is: the gate lets them, and carries out none. */
const here = {
  version: '1',
  binding: { connector: 'caller' as const },
  result: z.object({}),
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
    args: z.strictObject({ page: z.string().max(200) }),
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
    args: z.strictObject({ command: z.string().max(2000), description: z.string().max(2000).optional() }),
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
    args: z.strictObject({ build: z.string().max(2000) }),
    sinks: [{ path: '/build', kind: 'target' }],
    binding: { connector: 'http', method: 'POST', url: 'system://downstream/builds/drop', body: true },
  }),
] satisfies ToolContract[];
