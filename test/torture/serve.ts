/**
 * One role of Portreeve, by the arguments of `portreeve serve`, with two things that only a test has: a lease that is over
 * soon, and a clock that jumps. Over the IPC channel it takes `{ jump_ms }`: how far its clock is off from now on.
 */
import { parseArgs } from 'node:util';
import { startGatekeeper, startServer } from '@portreeve/server';
import { startExecutor } from '@portreeve/server/executor';
import { startReasoner } from '@portreeve/server/reasoner';
import { jump } from './jumping-date.ts';

const LEASE_SECONDS = 3;

const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    role: { type: 'string', default: '' },
    project: { type: 'string', default: '' },
    state: { type: 'string', default: '' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    json: { type: 'boolean' },
    'no-console': { type: 'boolean' },
  },
});

process.on('message', ({ jump_ms }: { jump_ms: number }) => jump(jump_ms));
// Who started it is gone: nobody needs it any more.
process.once('disconnect', () => process.exit(1));

const where = {
  project: values.project,
  stateFolder: values.state,
  databaseUrl: process.env.DATABASE_URL ?? '',
  leaseSeconds: LEASE_SECONDS,
};

async function begin(): Promise<{ said: object; stop(): Promise<void> }> {
  if (values.role === 'executor') {
    const { name, stop } = await startExecutor(where);
    return { said: { executor: name }, stop };
  }
  if (values.role === 'reasoner') {
    const { instance, stop } = await startReasoner(where);
    return { said: { reasoner: instance }, stop };
  }
  if (values.role === 'gatekeeper') {
    const { instance, stop } = await startGatekeeper(where);
    return { said: { gatekeeper: instance }, stop: () => stop('interrupted') };
  }
  const { host, port } = values;
  const apart = { gatekeeper: 'apart', executor: 'apart', reasoner: 'apart' } as const;
  const server = await startServer({ ...where, host, port: Number(port), ...apart });
  return { said: { url: server.url }, stop: () => server.stop('interrupted') };
}

let stopping = false;
process.on('SIGTERM', () => {
  if (stopping) return;
  stopping = true;
  void begun.then(({ stop }) => stop()).finally(() => process.exit(0));
});
const begun = begin();
const { said } = await begun;
console.log(JSON.stringify(said));
