// The same server behind the gateway, which is started as it always is: every call is authenticated, decided and recorded.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLocalAccounts, startServer } from '@portreeve/server';
import { serveParent } from '../lib/children.ts';

const { database, folder, upstream } = JSON.parse(process.argv[2] ?? '') as Record<string, string> & {
  database: string;
  folder: string;
  upstream: string;
};
const project = join(folder, 'project');
const example = fileURLToPath(new URL('../../examples/incident-summary/workflows/incident-summary', import.meta.url));
const stateFolder = join(folder, 'state');
const config = {
  environment: 'development',
  // A project has a workflow; this one is never run.
  workflows: [relative(project, example)],
  systems: { orders: { url: upstream, private: true }, 'case-system': { url: upstream, private: true } },
  mcp: {
    upstreams: [{ name: 'orders', server: { transport: 'http', url: 'system://orders/mcp' }, approvers: ['leads'] }],
    per_minute: 10_000_000,
  },
};
await mkdir(project, { recursive: true });
await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
const server = await startServer({ project, stateFolder, databaseUrl: database, port: 0 });
const accounts = (await readLocalAccounts(stateFolder)) ?? [];

const post = async (path: string, body: object, token?: string) => {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(`${server.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const said = (await answer.json()) as Record<string, string>;
  if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(said)}`);
  return said;
};
const signIn = async (role: string) => {
  const { name, password } = accounts.find(({ roles }) => roles.includes(role as never))!;
  return (await post('/v1/sessions', { name, password })).token!;
};
const operator = await signIn('operator');
await server.services.mcp.gateway.refresh('orders');
const listed = await fetch(`${server.url}/v1/definitions`, { headers: { authorization: `Bearer ${operator}` } });
for (const { tool, definition } of ((await listed.json()) as { definitions: Record<string, string>[] }).definitions)
  await post(
    '/v1/definitions/verdicts',
    { upstream: 'orders', tool, definition, verdict: 'approved', reason: 'a bench' },
    operator,
  );
// What a bench needs stands in a file: a child says its address alone.
await writeFile(join(folder, 'token'), await signIn('requester'));
serveParent(server.url, () => server.stop('the bench is over'));
