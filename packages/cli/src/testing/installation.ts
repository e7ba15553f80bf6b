import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProjectConfig, ProjectConfigInput } from '@portreeve/contract';
import { loadProject, type PortreeveServer, releasePublicKey, startServer } from '@portreeve/server';
import { type Companions, startCompanions } from '../companions.ts';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/incident-summary/', import.meta.url));
/** The name of the MCP server behind the installation; its tools are `publish` and `preview`. */
export const UPSTREAM = 'tracker';

/** An MCP server of a few lines: who reviews it sees two tools, and nobody calls them. */
const UPSTREAM_SERVER = `
const tool = (name, description) => ({ name, description, inputSchema: { type: 'object', properties: { case_id: { type: 'string' } } } });
const tools = [tool('publish', 'Publishes the summary of one case.'), tool('preview', 'Shows what would be published.')];
const answers = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'tracker', version: '1' } },
  'tools/list': { tools },
};
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  const result = answers[method];
  const said = result ? { result } : { error: { code: -32601, message: 'no such method' } };
  if (id !== undefined) console.log(JSON.stringify({ jsonrpc: '2.0', id, ...said }));
});
`;

export interface Installation {
  readonly folder: string;
  readonly state: string;
  readonly server: PortreeveServer;
  /** A folder with the same project, which asks another model: what is built there is another release. */
  otherModel(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** The example project in this process, on an embedded database, with its case system and an MCP server beside it. */
export async function installation(
  port: number,
  more: Pick<ProjectConfigInput, 'log_origin'> = {},
): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-cli-'));
  const state = join(folder, '.portreeve');
  const companions: Companions[] = [];
  const stop = async () => {
    await Promise.all(companions.map((started) => started.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { config } = await loadProject(EXAMPLE);
    const server = await startServer({
      project: await extendedExample(folder, config, await releasePublicKey(state), more),
      stateFolder: state,
      port,
      systems: async () => {
        const jwks = `http://127.0.0.1:${port}/.well-known/jwks.json`;
        const started = await startCompanions(config, { projectFolder: EXAMPLE, stateFolder: state, jwks });
        companions.push(started);
        return started.systems;
      },
    });
    return {
      folder,
      state,
      server,
      async otherModel(name) {
        const other = join(folder, `other-${name}`);
        await mkdir(other);
        const clearance = { confidentiality: 'confidential', categories: ['personal'] };
        const models = [{ name, kind: 'simulated', where: 'inside', clearance }];
        const text = JSON.stringify({ workflows: workflowsFrom(other, config), models });
        await writeFile(join(other, 'portreeve.config.ts'), `export default ${text};\n`);
        return other;
      },
      async stop() {
        await server.stop('the tests are done');
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The example with a channel of notifications that hears of nothing and has no address (it can be tried, and fails), and
 * with an upstream of the gateway.
 */
async function extendedExample(
  folder: string,
  config: ProjectConfig,
  key: string,
  more: Pick<ProjectConfigInput, 'log_origin'>,
): Promise<string> {
  const project = join(folder, 'project');
  await mkdir(project);
  const text = JSON.stringify({
    ...more,
    environment: config.environment,
    workflows: workflowsFrom(project, config),
    releases: { keys: [key] },
    systems: { chat: { url: 'https://chat.example' } },
    notifications: {
      channels: [
        {
          ...{ kind: 'slack', name: 'chat', system: 'chat', webhook: 'no-such-secret' },
          rules: [{ workflows: ['none-of-ours'], kinds: ['approval.opened'] }],
        },
      ],
    },
    mcp: {
      upstreams: [
        {
          name: UPSTREAM,
          server: { transport: 'stdio', command: ['node', '-e', UPSTREAM_SERVER] },
          approvers: ['case-leads'],
        },
      ],
    },
  });
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${text};\n`);
  return project;
}

const workflowsFrom = (folder: string, { workflows }: ProjectConfig): string[] =>
  workflows.map((path) => relative(folder, join(EXAMPLE, path)));
