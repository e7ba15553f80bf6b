import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import {
  Agent,
  tool as agentTool,
  OpenAIChatCompletionsModel,
  Runner,
  setTracingDisabled,
  webSearchTool,
} from '@openai/agents';
import type { Gate } from '@portreeve/sdk/gate';
import { governTools as governAgentTools } from '@portreeve/sdk/openai-agents';
import { governTools as governAiTools } from '@portreeve/sdk/vercel-ai';
import type { TestServer } from '@portreeve/server/testing';
import { tool as aiTool, generateText, isStepCount, jsonSchema } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScriptedModel, scriptedModel } from '../support/scripted-model.ts';
import { deskHouse, gateOf, noGate, somebody } from './desk.ts';

/*
 * The adapters for the Vercel AI SDK and the OpenAI Agents SDK: the real packages, a model server on this machine that makes
 * the calls of a script, and the real gate.
 */

let house: TestServer;
let model: ScriptedModel;
beforeAll(async () => {
  setTracingDisabled(true);
  [house, model] = [await deskHouse(), await scriptedModel()];
});
afterAll(async () => {
  await model?.close();
  await house?.close();
});

const NAMES = { build: 'desk_start_build', owner: 'cases_find_owner' };
const schemaOf = (name: string) => ({
  ...{ type: 'object' as const, properties: { [name]: { type: 'string' as const } }, required: [name] },
  additionalProperties: false as const,
});
const build = schemaOf('command');
const owner = schemaOf('case_id');

/** What one framework makes of a script: what ran here, and all that the model was sent afterwards. */
type Framework = (gate: Gate) => Promise<{ readonly ran: readonly string[] }>;

const vercel: Framework = async (gate) => {
  const ran: string[] = [];
  const run = (name: string) => async (input: unknown) => {
    ran.push(`${name} ${JSON.stringify(input)}`);
    return 'it ran here';
  };
  const tools = governAiTools(
    gate,
    {
      build: aiTool({ description: 'Builds', inputSchema: jsonSchema<object>(build), execute: run('build') }),
      owner: aiTool({ description: 'Finds', inputSchema: jsonSchema<object>(owner), execute: run('owner') }),
    },
    NAMES,
  );
  const provider = createOpenAICompatible({ name: 'scripted', baseURL: model.url });
  await generateText({ model: provider('scripted'), tools, prompt: 'go', stopWhen: isStepCount(5), maxRetries: 0 });
  return { ran };
};

const openai: Framework = async (gate) => {
  const ran: string[] = [];
  const run = (name: string) => async (input: unknown) => {
    ran.push(`${name} ${JSON.stringify(input)}`);
    return 'it ran here';
  };
  const tools = governAgentTools(
    gate,
    [
      agentTool({ name: 'build', description: 'Builds', parameters: build, execute: run('build') }),
      agentTool({ name: 'owner', description: 'Finds', parameters: owner, execute: run('owner') }),
    ],
    NAMES,
  );
  const client = new OpenAI({ apiKey: 'none', baseURL: model.url, maxRetries: 0 });
  const agent = new Agent({ name: 'test', tools, model: new OpenAIChatCompletionsModel(client, 'scripted') });
  await new Runner({ tracingDisabled: true }).run(agent, 'go', { maxTurns: 5 });
  return { ran };
};

describe.each([
  ['the Vercel AI SDK', vercel],
  ['the OpenAI Agents SDK', openai],
])('I5: %s', (_name, framework) => {
  const make = { name: 'build', input: { command: 'make test' } };

  test('I5: what the gate lets runs here, once; what waits does not, and the model is told why', async () => {
    const gate = gateOf(house, await somebody(house));
    await gate.declare('Run "make test".', [{ tool: 'desk_start_build', times: 1 }]);
    model.script([make, make]);
    expect((await framework(gate)).ran).toEqual(['build {"command":"make test"}']);
    expect(model.asked.at(-1)).toContain('it ran here');
    expect(model.asked.at(-1)).toContain('People must approve this first');
  });

  test('I5: what the gateway carries out does not run here a second time', async () => {
    model.script([{ name: 'owner', input: { case_id: 'CASE-1' } }]);
    expect((await framework(gateOf(house, await somebody(house)))).ran).toEqual([]);
    expect(model.asked.at(-1)).toContain('team-a');
  });

  test('I5: a gate that cannot be reached lets nothing run', async () => {
    model.script([make]);
    expect((await framework(noGate())).ran).toEqual([]);
    expect(model.asked.at(-1)).toContain('The gate cannot be reached');
  });
});

test('I5: a tool that nobody has named, or that runs elsewhere, is an error before anything begins', () => {
  const run = { description: 'x', inputSchema: jsonSchema<object>(build), execute: async () => 'x' };
  expect(() => governAiTools(noGate(), { other: aiTool(run) }, NAMES)).toThrow(TypeError);
  expect(() => governAiTools(noGate(), { constructor: aiTool(run) }, NAMES)).toThrow(TypeError);
  expect(() => governAiTools(noGate(), { build: aiTool({ ...run, execute: undefined } as never) }, NAMES)).toThrow(
    'elsewhere',
  );
  expect(() => governAgentTools(noGate(), [webSearchTool()], { web_search: 'desk_read_page' })).toThrow('elsewhere');
});
