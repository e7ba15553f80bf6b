import {
  definePrompt,
  defineSource,
  defineTool,
  type PromptSpec,
  type SourceSpec,
  type ToolSpec,
} from '@portreeve/sdk';
import { z } from 'zod';

export const input = z.strictObject({ id: z.string().regex(/^T-[0-9]{1,9}$/) });

/** What every workflow around a block of statements says of itself. */
export const head = {
  version: '1.0.0',
  title: 'Around a block',
  purpose: 'Is what stands around a block of the documentation.',
  tier: 'medium' as const,
  owners: { security: 'security', platform: 'platform', business: 'business', escalation: 'duty' },
  approvers: ['leads'],
  input,
};

export const source = (name: string) =>
  defineSource({
    name,
    version: '1.0',
    title: name,
    integrity: 'untrusted',
    confidentiality: 'internal',
    categories: [],
    query: input,
    fields: [{ name: 'text' }],
    limits: { max_items: 10, max_bytes: 65_536 },
    binding: { kind: 'file', folder: name, pattern: '{id}.jsonl' },
  } satisfies SourceSpec);

/** A prompt that is given these inputs, `«mail»` as a handle, and answers texts of these names. */
export const prompt = (id: string, step: PromptSpec['step'], given: readonly string[], answered: readonly string[]) =>
  definePrompt({
    id,
    version: '1.0',
    step,
    inputs: given.map((name) => ({
      name: name.replace(/[«»]/g, ''),
      description: name,
      ...(name.startsWith('«') ? { handle: true } : {}),
    })),
    output: z.strictObject(Object.fromEntries(answered.map((name) => [name, z.string().max(200)]))),
    ...(step === 'agent' ? { agent: { tools: [{ name: 'look', times: 1 }], turns: 2 } } : {}),
    text: 'Answer.',
  });

export const tool = (name: string, args: z.ZodRawShape, undo: ToolSpec['undo'] = 'irreversible') =>
  defineTool({
    name,
    version: '1.0',
    title: name,
    description: name,
    tier: 2,
    effect: 'write',
    args: z.strictObject(args),
    result: z.looseObject({}),
    sinks: [{ path: '/id', kind: 'target' }],
    clearance: { confidentiality: 'internal' },
    undo,
    timeout_ms: 5000,
    idempotency: 'key',
    audience: 'urn:example:desk',
    binding: { connector: 'http', method: 'POST', url: `system://desk/${name}` },
  });
