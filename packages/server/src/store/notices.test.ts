import { noticeStoreContract } from '@portreeve/gate/testing';
import { noticeStore } from './notices.ts';
import { testDatabase } from './testing/database.ts';

noticeStoreContract('PostgreSQL', async () => {
  const { database, close } = await testDatabase();
  return { store: noticeStore(database), uow: database, close };
});
