import type { Approvals } from '@portreeve/approve';
import {
  type AuditWriter,
  type Clock,
  draft,
  type PrincipalId,
  type RecordActor,
  SYSTEM_ACTOR,
  type Tx,
} from '@portreeve/contract';
import type { EnvironmentChange, EnvironmentService, EnvironmentStore } from '@portreeve/gate';
import type { AgentHooks } from '@portreeve/identity';
import type { Database } from './store/database.ts';
import { changesOf, revokeGrantsOf } from './store/environment.ts';

/** Who puts, and lifts, the freeze of an agent that is not active: no person has this id. */
const HOUSE = SYSTEM_ACTOR.id;

/**
 * What an agent has in hand goes with it (requirement B5): when it is suspended or retired, its pending approvals are
 * closed, its grants that nobody has used are taken back, and it is frozen, so that runs in which it acts get no new ones
 * either. All of that commits with the agent's change, or none of it. A reinstated agent is let go again, unless a person
 * has frozen it; what was taken back stays so.
 */
export function stopAgents(deps: {
  readonly database: Database;
  readonly audit: AuditWriter;
  readonly clock: Clock;
  readonly approvals: () => Approvals;
  readonly changes: EnvironmentStore;
  readonly environment: EnvironmentService;
}): AgentHooks {
  const { database, audit, clock, changes, environment } = deps;

  /** Rows only: the caller appends the records behind all row locks. */
  const takeBack = async (tx: Tx, agent: PrincipalId, by: RecordActor) => {
    const approvals = await deps.approvals().revokeOf(tx, agent, by);
    const grants = await revokeGrantsOf(database, tx, `principal:${agent}`);
    return {
      found: approvals.ids.length + grants.length > 0,
      records: [
        ...approvals.records,
        draft({
          type: 'identity.holdings_revoked',
          actor: by,
          data: { agent, approvals: approvals.ids, grants },
        }),
      ],
    };
  };

  const freeze = async (
    tx: Tx,
    agent: PrincipalId,
    state: EnvironmentChange['state'],
    why: string,
    by: RecordActor,
  ) => {
    const subject = `freeze:principal:${agent}`;
    const reason = why.slice(0, 2000);
    const always = { from: null, until: null };
    await changes.append(tx, { subject, state, reason, ...always, by: HOUSE, at: clock.now().toISOString() });
    return draft({
      type: 'environment.changed',
      actor: by,
      outcome: state,
      data: { subject, state, reason, ...always },
    });
  };

  return {
    async changed(tx, { agent, from, to, reason, by }) {
      const history = await changesOf(database, tx, `freeze:principal:${agent}`);
      if (to === 'suspended' || to === 'retired') {
        const { records } = await takeBack(tx, agent, by);
        // A whole freeze stands already: then it is a person's to lift.
        const frozen = history[0]?.state === 'everything';
        await audit.append(tx, [
          ...(frozen ? [] : [await freeze(tx, agent, 'everything', `The agent is ${to}: ${reason}`, by)]),
          ...records,
        ]);
      }
      if (from === 'suspended' && to === 'active' && history[0]?.by === HOUSE) {
        // What a person had frozen, or half thawed, before the suspension holds again.
        const before = history.find((change) => change.by !== HOUSE)?.state ?? 'lifted';
        await audit.append(tx, [await freeze(tx, agent, before, `The agent is reinstated: ${reason}`, by)]);
      }
    },

    async committed({ agent, to, by }) {
      await environment.refresh();
      if (to !== 'suspended' && to !== 'retired') return;
      // What was asked for or issued while the change waited to be in force: from now on there is nothing new.
      await database.transaction(async (tx) => {
        const { found, records } = await takeBack(tx, agent, by);
        if (found) await audit.append(tx, records);
      });
    },
  };
}
