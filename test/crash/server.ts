/**
 * A Portreeve in a process of its own that kills itself with -9 at a named instant.
 *
 *   node server.ts STATE PORT CASE-SYSTEM-URL PROJECT
 *
 * Over the IPC channel it says `{ url }` when it is ready, takes `{ kill_at }` and answers `{ armed }`. DATABASE_URL
 * selects another PostgreSQL than the embedded one.
 */
import { startServer } from '@portreeve/server';

const [stateFolder = '', port = '', caseSystem = '', project = ''] = process.argv.slice(2);
let killAt: string | null = null;

process.on('message', (message: { kill_at: string }) => {
  killAt = message.kill_at;
  process.send?.({ armed: killAt });
});
// The test is gone: nobody needs this any more.
process.once('disconnect', () => process.exit(1));

const server = await startServer({
  project,
  stateFolder,
  port: Number(port),
  systems: { 'case-system': { url: caseSystem, private: true } },
  databaseUrl: process.env.DATABASE_URL,
  leaseSeconds: 3,
  debugpoint: (name) => {
    // No way out for buffers, handlers or an orderly end: the process is gone before this call comes back.
    if (name === killAt) process.kill(process.pid, 'SIGKILL');
  },
});
process.send?.({ url: server.url });
