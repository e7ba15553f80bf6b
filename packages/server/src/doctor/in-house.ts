import { HANDOFF_STATES, type Principal } from '@portreeve/contract';
import { allAgents } from '../governance/evidence.ts';
import { REGISTERS } from '../governance/registers/index.ts';
import type { Services } from '../services.ts';
import { livingLeases } from '../store/leases.ts';
import type { Finding } from './finding.ts';
import { diagnoseDatabase } from './in-database.ts';
import { type HouseLook, judgeHouse } from './judge-house.ts';

const DAY_MS = 86_400_000;
const OPEN_MAX = 200;
const REGISTER_DAYS = 90;

/** Everything that a running server can say of itself: its database, and the house around it. */
export async function diagnoseHouse(services: Services): Promise<Finding[]> {
  const inDatabase = await diagnoseDatabase(services.database.pool, () => services.clock.now());
  return inDatabase.every(({ check, ok }) => ok || check !== 'database')
    ? [...inDatabase, ...judgeHouse(await lookAtHouse(services))]
    : inDatabase;
}

async function lookAtHouse(services: Services): Promise<HouseLook> {
  const { environment, audit, handoffs, info, database } = services;
  const open = HANDOFF_STATES.filter((state) => state !== 'done');
  const logs = audit.all.map(async ({ name, log }) => ({
    ...{ name, size: await log.size(), signed: (await log.newestCheckpoint())?.time ?? null },
  }));
  const leases = await livingLeases(database);
  const alive = (role: string) => leases.filter((name) => name.startsWith(role)).length;
  return {
    now: services.clock.now(),
    reach: await services.reach(),
    outages: environment.facts().outages,
    logs: await Promise.all(logs),
    agents: await allAgents(services),
    holds: environment.current(),
    handoffs: await handoffs.list({ states: open, limit: OPEN_MAX }),
    environment: info.environment,
    exceptions: await everyException(services),
    executors: info.executor === 'here' ? null : { alive: alive('executor/') },
    gatekeepers: services.gatekeeper === 'here' ? null : { alive: alive('gatekeeper/') },
    reasoners: services.reasoner === 'here' ? null : { alive: alive('reasoner/') },
    headEveryMs: services.headEveryMs,
  };
}

async function everyException(services: Services): Promise<HouseLook['exceptions']> {
  const now = services.clock.now();
  const span = { from: new Date(now.getTime() - REGISTER_DAYS * DAY_MS).toISOString(), to: now.toISOString() };
  const reader = { id: 'system' } as unknown as Principal;
  const whole = { ...services, auditScope: () => null };
  const { rows } = await REGISTERS.exceptions.page({ services: whole, reader, span, limit: OPEN_MAX, after: null });
  return rows.map(({ kind = null, what = null, over = null }) => ({ kind, what, over }));
}
