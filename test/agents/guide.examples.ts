import { query } from '@anthropic-ai/claude-agent-sdk';
import Anthropic from '@anthropic-ai/sdk';
import { Agent, type FunctionTool, run } from '@openai/agents';
import { defineTool } from '@portreeve/sdk';
import { governedOptions } from '@portreeve/sdk/claude-agent';
import { createGate } from '@portreeve/sdk/gate';
import { confirmTools } from '@portreeve/sdk/managed-agents';
import { governTools as governAgentTools } from '@portreeve/sdk/openai-agents';
import { governTools } from '@portreeve/sdk/vercel-ai';
import { generateText, isStepCount, type LanguageModel, type ToolSet } from 'ai';

/* The examples of docs/guides/agents.md: `tsc` checks them, and guide.test.ts that the guide shows exactly these. */

const token = () => process.env.PORTREEVE_TOKEN ?? '';

// declare
export const startBuild = defineTool({
  name: 'start_build',
  version: '1',
  title: 'Start a build',
  description: 'Starts a build where the agent is, by its command line.',
  tier: 2,
  effect: 'write',
  args: {
    type: 'object',
    properties: { command: { type: 'string', maxLength: 2000 }, description: { type: 'string', maxLength: 2000 } },
    required: ['command'],
    additionalProperties: false,
  },
  result: { type: 'object' },
  sinks: [{ path: '/command', kind: 'target' }],
  clearance: { confidentiality: 'internal', categories: [] },
  undo: 'irreversible',
  timeout_ms: 10_000,
  idempotency: 'none',
  audience: 'urn:acme:desk',
  binding: { connector: 'caller' },
});
// end

export async function gateExample() {
  // gate
  const gate = createGate({ url: 'https://portreeve.example', token });
  await gate.declare('Build the release of today.', [{ tool: 'desk_start_build', times: 1 }]);
  const verdict = await gate.ask({ tool: 'desk_start_build', args: { command: 'make release' } });
  if (!verdict.go) throw new Error(verdict.say);
  // end
  return gate;
}

export async function claudeExample(prompt: string) {
  // claude
  const options = {
    maxTurns: 20,
    ...(await governedOptions({
      url: 'https://portreeve.example',
      token,
      tools: { Bash: 'desk_start_build' },
    })),
  };
  for await (const message of query({ prompt, options })) console.log(message.type);
  // end
}

export async function managedExample(session: string) {
  const gate = await gateExample();
  // managed
  const { events } = new Anthropic().beta.sessions;
  await confirmTools({
    gate,
    events,
    session,
    tools: { bash: 'desk_start_build', 'wiki/read': 'desk_read_page' },
    pause: () => new Promise((done) => setTimeout(done, 10_000)),
  });
  // end
}

export async function vercelExample(model: LanguageModel, tools: ToolSet) {
  const gate = await gateExample();
  // vercel
  const governed = governTools(gate, tools, { build: 'desk_start_build' });
  await generateText({ model, tools: governed, prompt: 'Build it.', stopWhen: isStepCount(10) });
  // end
}

export async function openaiExample(tools: FunctionTool[]) {
  const gate = await gateExample();
  // openai
  const governed = governAgentTools(gate, tools, { build: 'desk_start_build' });
  await run(new Agent({ name: 'builder', tools: governed }), 'Build it.');
  // end
}
