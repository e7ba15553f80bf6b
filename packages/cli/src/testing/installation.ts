import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProjectConfig } from '@portreeve/contract';
import { loadProject, type PortreeveServer, startServer } from '@portreeve/server';
import { type Companions, startCompanions } from '../companions.ts';

const EXAMPLE = fileURLToPath(new URL('../../../../examples/incident-summary/', import.meta.url));

export interface Installation {
  readonly folder: string;
  readonly state: string;
  readonly server: PortreeveServer;
  stop(): Promise<void>;
}

/** The example project in this process, on an embedded database, with its case system beside it. */
export async function installation(port: number): Promise<Installation> {
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
      project: await withChannel(folder, config),
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

/** The example with a channel of notifications that hears of nothing and has no address: it can be tried, and fails. */
async function withChannel(folder: string, config: ProjectConfig): Promise<string> {
  const project = join(folder, 'project');
  await mkdir(project);
  const text = JSON.stringify({
    environment: config.environment,
    workflows: config.workflows.map((path) => relative(project, join(EXAMPLE, path))),
    systems: { chat: { url: 'https://chat.example' } },
    notifications: {
      channels: [
        {
          ...{ kind: 'slack', name: 'chat', system: 'chat', webhook: 'no-such-secret' },
          rules: [{ workflows: ['none-of-ours'], kinds: ['approval.opened'] }],
        },
      ],
    },
  });
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${text};\n`);
  return project;
}
