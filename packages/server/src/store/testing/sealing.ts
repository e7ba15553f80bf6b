import { memoryKeyWrapper } from '@portreeve/audit/testing';
import { systemClock } from '@portreeve/contract';
import { type Sealing, wireKeys } from '../../wire-keys.ts';
import type { Database } from '../database.ts';

/** Keys in a database, wrapped by the root key of tests. */
export function testSealing(database: Database): Sealing {
  return wireKeys({ database, key: Buffer.alloc(32, 6), wrapper: memoryKeyWrapper(), clock: systemClock });
}
