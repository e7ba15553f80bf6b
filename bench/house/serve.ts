// The whole product in one process, as `portreeve serve` starts it, on a database that is given.
import { startServer } from '@portreeve/server';
import { serveParent } from '../lib/children.ts';

export interface Given {
  readonly project: string;
  readonly stateFolder: string;
  readonly databaseUrl: string;
  readonly outside: string;
}

const given = JSON.parse(process.argv[2] ?? '') as Given;
const server = await startServer({
  project: given.project,
  stateFolder: given.stateFolder,
  databaseUrl: given.databaseUrl,
  port: 0,
  modelKeys: { 'anthropic-api-key': 'sk-ant-a-key-of-the-bench' },
  systems: { orders: { url: given.outside, private: true } },
});
serveParent(server.url, () => server.stop('the bench is over'));
