/**
 * One of the two Portreeves of a drill, in a process of its own:
 *
 *   node server.ts STATE DATABASE-URL PROJECT
 *
 * Over the IPC channel it says `{ ready }`, takes `{ submit: WORKFLOW, count }` and answers `{ submitted: [RUN, …] }`, and
 * ends on `{ stop }`, or when whoever started it is gone.
 */
import { newId, principalSchema, systemClock } from '@portreeve/contract';
import { startServer } from '../start.ts';
import type { DrillAnswer, DrillOrder } from './processes.ts';

const [stateFolder = '', databaseUrl = '', project = ''] = process.argv.slice(2);
const say = (answer: DrillAnswer) => process.send?.(answer);

const server = await startServer({ project, stateFolder, databaseUrl, port: 0, leaseSeconds: 5, env: {} });
const requester = principalSchema.parse({
  ...{ id: newId('principal', systemClock), kind: 'service', name: 'drill', roles: ['requester'], groups: [] },
});

async function submit(workflow: string, count: number): Promise<string[]> {
  const runs: string[] = [];
  for (let n = 0; n < count; n++)
    runs.push((await server.services.submit({ workflow, input: { case_id: `case-${n}` } }, requester)).id);
  return runs;
}

process.once('disconnect', () => process.exit(1));
process.on('message', (order: DrillOrder) => {
  if ('stop' in order) {
    process.removeAllListeners('disconnect');
    void server.stop('the drill is over').finally(() => process.exit(0));
    return;
  }
  submit(order.submit, order.count).then(
    (submitted) => say({ submitted }),
    (error: unknown) => say({ failed: error instanceof Error ? error.message : String(error) }),
  );
});
say({ ready: true });
