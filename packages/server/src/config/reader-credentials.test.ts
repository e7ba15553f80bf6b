import { mcpConfigSchema, type SourceContract } from '@portreeve/contract';
import { expect, test } from 'vitest';
import tools from '../testing/project/agents/tools.ts';
import { projectRefusal } from '../testing/project-refusal.ts';
import { AGENT_TOOLSET, PROJECT } from '../testing/server.ts';
import { soundProject } from '../testing/temporary-project.ts';
import { loadProject } from './project.ts';
import { checkReaderCredentials } from './reader-credentials.ts';

const reading = (credential: string) =>
  `sources: sources.map((source) => ({ ...source, binding: { kind: 'http', url: 'system://downstream/cases', credential: '${credential}' } }))`;
const using = (name: string, credential: string) =>
  `tools: tools.map((tool) => tool.name === '${name}' ? { ...tool, binding: { ...tool.binding, credential: '${credential}' } } : tool)`;

const refusal = (changes: string) => projectRefusal(soundProject(changes));

test('D11: a project whose source reads with the credential that a tool writes with is not loaded', async () => {
  expect(await refusal(`{ ${reading('case-token')}, ${using('publish_note', 'case-token')} }`)).toBe(
    'The source case-events names case-token, with which the tool publish_note may write.',
  );
  expect(await refusal(`{ ${reading('case-reader')}, ${using('publish_note', 'case-token')} }`)).toBeNull();
  // A tool that only reads has no more to give than the source has.
  expect(await refusal(`{ ${reading('case-token')}, ${using('look_up_owner', 'case-token')} }`)).toBeNull();
});

test('D11: nor where the tool is another workflow’s, or one for agents outside', async () => {
  const [{ definition }] = (await loadProject(PROJECT)).workflows as [
    Awaited<ReturnType<typeof loadProject>>['workflows'][0],
  ];
  const source = (credential: string) =>
    ({ ...definition.sources[0]!, binding: { kind: 'http', url: 'https://x', credential } }) as SourceContract;
  const own = { sources: [source('desk')], tools: [] };
  const desk = tools.map((tool) => ({ ...tool, binding: { ...tool.binding, credential: 'desk' } }) as never);
  expect(() => checkReaderCredentials([own, { sources: [], tools: desk }], [])).toThrow(/names desk, .* the tool /);

  const upstream = { name: 'tracker', approvers: AGENT_TOOLSET.approvers, credential: 'tracker-token' };
  const server = { transport: 'http' as const, url: 'https://tracker.example/mcp' };
  const upstreams = (more: object) =>
    mcpConfigSchema.parse({ upstreams: [{ ...upstream, server, ...more }] }).upstreams;
  const check = (name: string, more: object = {}) =>
    checkReaderCredentials([{ sources: [source(name)], tools: [] }], upstreams(more));
  expect(() => check('tracker-token')).toThrow(/with which the upstream tracker may write/);
  expect(() => check('tracker-token-prn_1', { per_user: true })).toThrow(/upstream tracker/);
  expect(() => check('tracker-token-read', { per_user: true })).not.toThrow();
  const exchange = { token_endpoint: 'https://x/token', audience: 'a', client_id: 'c', client_secret: 'exchange-key' };
  expect(() => check('exchange-key', { credentials: { exchange } })).toThrow(/upstream tracker/);
  expect(() => check('reader')).not.toThrow();
});
