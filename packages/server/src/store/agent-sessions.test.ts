import { newId, systemClock } from '@portreeve/contract';
import { agentSessionStoreContract } from '@portreeve/gate/testing';
import { agentSessionStore } from './agent-sessions.ts';
import { testDatabase } from './testing/database.ts';
import { testSealing } from './testing/sealing.ts';

agentSessionStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  const store = agentSessionStore(database, testSealing(database));
  return { store, uow: database, proposal: async () => newId('proposal', systemClock), close };
});
