import { fixedClock, newId, type Run, type RunId } from '@portreeve/contract';
import { CONTRACT, pilotStoreContract } from '@portreeve/govern/testing';
import { pilotStore } from './pilots.ts';
import { releaseStore } from './releases.ts';
import { runStore } from './runs.ts';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';

const clock = fixedClock('2026-11-21T12:00:00.000Z');
const who: Run['principal'] = {
  ...{ id: newId('principal', clock), kind: 'person', name: 'Ana', roles: ['requester'], groups: [], act: [] },
};

pilotStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  const [releases, runs] = [releaseStore(database), runStore(database, testSealing(database))];
  const now = () => clock.now().toISOString();
  return {
    store: pilotStore(database),
    uow: database,
    close,
    async release(release, workflow) {
      const contract = { ...CONTRACT, name: workflow };
      const about = { release, workflow, version: '1.0.0', contract, portreeve: '0.1.0', added_by: 'prn_operator' };
      const how = { origin: 'folder', state: 'added', signed_by: [], bytes: null, added_at: now() } as const;
      await database.transaction((tx) => releases.insert(tx, { ...about, ...how }, null));
    },
    async run(id: RunId, ending) {
      const pinned = {
        workflow: 'one',
        release: `sha256:${'0'.repeat(64)}`,
        policy_version: `sha256:${'1'.repeat(64)}`,
      };
      const run = { id, ...pinned, principal: who, state: ending ?? 'running', input: {}, result: null, ending: null };
      const times = { approval: null, created_at: now(), ended_at: null };
      await database.transaction(async (tx) => {
        await runs.insert(tx, { ...run, ...times } as Run, { attachments: [], idempotency: null });
        if (ending) await runs.update(tx, id, { state: ending, ended_at: now() });
      });
    },
  };
});
