// The engine by itself, as `packages/run/src/engine.ts` starts it: the same queue, the same five durable steps of a run, of
// which three go outside by HTTP; no gate, labels, grants or record.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DBOS } from '@dbos-inc/dbos-sdk';
import { serveParent } from '../lib/children.ts';

const { databaseUrl, outside } = JSON.parse(process.argv[2] ?? '') as { databaseUrl: string; outside: string };
const QUEUE = 'runs';

async function call(path: string, body?: object): Promise<string> {
  const answer = await fetch(outside + path, {
    ...(body ? { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.text();
}

const run = DBOS.registerWorkflow(
  async (order: string): Promise<void> => {
    await DBOS.runStep(async () => null, { name: 'start' });
    const orders = await DBOS.runStep(() => call(`/orders/${order}`), { name: 'read' });
    const note = await DBOS.runStep(() => call('/v1/messages', { messages: [{ role: 'user', content: orders }] }), {
      name: 'ask',
    });
    await DBOS.runStep(() => call('/notes', { order, note }), { name: 'act' });
    await DBOS.runStep(async () => null, { name: 'complete' });
  },
  { name: 'run' },
);

// As `engine.ts` does: otherwise the engine sets it by a query beside each connection's first one, which `pg` warns about.
const address = new URL(databaseUrl);
address.searchParams.set('options', '-c idle_in_transaction_session_timeout=60000');

const quiet = () => undefined;
DBOS.setConfig({
  name: 'bare',
  systemDatabaseUrl: address.href,
  applicationVersion: '1',
  logger: { debug: quiet, info: quiet, warn: quiet, error: (entry: unknown) => process.stderr.write(`${entry}\n`) },
});
await DBOS.launch();
await DBOS.registerQueue(QUEUE, { minPollingIntervalMs: 100 });

const server = createServer(async (request, response) => {
  request.resume();
  try {
    const { workflowID } = await DBOS.startWorkflow(run, { queueName: QUEUE })('o-1');
    response.writeHead(201).end(JSON.stringify({ id: workflowID }));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(0, '127.0.0.1', () => {
  serveParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
    server.closeAllConnections();
    await DBOS.shutdown();
  });
});
