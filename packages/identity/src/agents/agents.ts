import {
  type AuditWriter,
  type Clock,
  clearanceSchema,
  draft,
  type EnvironmentName,
  fieldErrors,
  groupSchema,
  idSchema,
  nameSchema,
  newId,
  PortreeveError,
  type PrincipalId,
  type RecordActor,
  SYSTEM_ACTOR,
  type TokenId,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { z } from 'zod';
import { accountCreated, freeNameSchema } from '../accounts.ts';
import type { Account, AgentOrder, AgentRecord, IdentityPage, IdentityStore } from '../ports.ts';
import { type AgentEvent, type AgentState, nextAgentState } from './states.ts';

/** An agent is reviewed at least once a year. */
export const REVIEW_DAYS_MAX = 366;
const LAPSE_BATCH = 100;

/** What an agent may be: deciding on others' wishes and ruling the house are for people. */
export const AGENT_ROLES = ['requester', 'operator', 'auditor'] as const;

const textSchema = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{C}]+$/u, 'no control characters');

export const newAgentSchema = z.strictObject({
  name: freeNameSchema,
  /** The person who answers for it. */
  owner: idSchema('principal'),
  purpose: textSchema(2000),
  roles: z.array(z.enum(AGENT_ROLES)).min(1).max(AGENT_ROLES.length),
  /** Groups of the people it acts for that it may carry. */
  groups: z.array(groupSchema).max(64).default([]),
  tools: z.array(nameSchema).max(64),
  /** The most secret data that it may see. */
  data: clearanceSchema,
  review_by: z.iso.datetime(),
});
export type NewAgent = z.input<typeof newAgentSchema>;

export const agentChangeSchema = z.strictObject({
  event: z.enum(['activate', 'review', 'suspend', 'reinstate', 'retire']),
  reason: textSchema(500),
  /** The next review. `review` needs one; `activate` and `reinstate` too where the present one has passed. */
  review_by: z.iso.datetime().optional(),
});
export type AgentChange = z.input<typeof agentChangeSchema>;

export interface Agent extends AgentRecord {
  readonly name: string;
  readonly roles: Account['roles'];
  readonly groups: readonly string[];
}

export interface Agents {
  /**
   * Registers an agent of this environment, as proposed: it can do nothing yet. Who may do so is for the caller's
   * policy. Throws `bad_request`, or `conflict` where the name is taken.
   */
  registerAgent(input: NewAgent, by: RecordActor): Promise<Agent>;
  /**
   * Throws `bad_request`, `not_found`, or `conflict` where its state does not allow it (SPEC.md). Suspending refuses its
   * access tokens; retiring revokes all that it holds; what `agentHooks` do commits with it.
   */
  changeAgent(id: PrincipalId, change: AgentChange, by: RecordActor): Promise<Agent>;
  agent(id: PrincipalId): Promise<Agent | null>;
  /** By id, ascending; `limit` 1 to 200. */
  agents(page?: Partial<IdentityPage<AgentOrder>>): Promise<Agent[]>;
  /** Suspends active agents whose review date has passed; gives which. For a schedule: call it again while it gives 100. */
  reviewDue(): Promise<PrincipalId[]>;
}

export interface AgentMove {
  readonly agent: PrincipalId;
  readonly from: AgentState;
  readonly to: AgentState;
  readonly reason: string;
  readonly by: RecordActor;
}

/** What else an agent's change of state brings: what it holds elsewhere (grants, pending approvals) goes with it. */
export interface AgentHooks {
  /** In the transaction of the change, behind its own rows and before its record. An error undoes the change. */
  readonly changed: (tx: Tx, move: AgentMove) => Promise<void>;
  /** Once it has committed. The change stands, whatever happens here. */
  readonly committed: (move: AgentMove) => Promise<void>;
}

export function createAgents(deps: {
  store: IdentityStore;
  uow: UnitOfWork;
  audit: AuditWriter;
  clock: Clock;
  environment: EnvironmentName;
  agentHooks?: AgentHooks | undefined;
}): Agents {
  const { store, uow, audit, clock, environment, agentHooks } = deps;

  const withAccount = async (record: AgentRecord): Promise<Agent> => {
    const account = await store.accountById(record.id);
    if (!account) throw new TypeError(`the agent ${record.id} has no account`);
    return { ...record, name: account.name, roles: account.roles, groups: account.groups };
  };

  const nextReview = (review_by: string): string => {
    const now = clock.now().getTime();
    const at = Date.parse(review_by);
    if (at <= now || at > now + REVIEW_DAYS_MAX * 86_400_000)
      throw new PortreeveError('bad_request', `The review is within ${REVIEW_DAYS_MAX} days from now.`);
    return new Date(at).toISOString();
  };

  /** The change itself, in the transaction that holds the agent's lock. */
  const apply = async (
    tx: Tx,
    before: AgentRecord,
    event: AgentEvent,
    review_by: string,
    reason: string,
    by: RecordActor,
  ) => {
    const now = clock.now().toISOString();
    const after: AgentRecord = { ...before, state: nextAgentState(before.state, event), review_by, changed_at: now };
    await store.saveAgent(tx, after);
    let tokens_revoked: TokenId[] = [];
    if (after.state === 'suspended' || after.state === 'retired')
      await store.revokeAccess(tx, { kind: 'agent', value: before.id }, now);
    if (after.state === 'retired') {
      tokens_revoked = await store.revokeTokensOf(tx, before.id, now);
    }
    const move: AgentMove = { agent: before.id, from: before.state, to: after.state, reason, by };
    await agentHooks?.changed(tx, move);
    await audit.append(tx, [
      draft({
        type: 'identity.agent_changed',
        actor: by,
        outcome: after.state,
        data: { agent: before.id, event, from: before.state, to: after.state, reason, review_by, tokens_revoked },
      }),
    ]);
    return { after, move };
  };

  return {
    async registerAgent(input, by) {
      const wanted = parse(newAgentSchema, input, 'The agent cannot be registered from this.');
      const review_by = nextReview(wanted.review_by);
      const owner = await store.accountById(wanted.owner);
      if (owner?.kind !== 'person')
        throw new PortreeveError('bad_request', 'The owner is a person with an account here.');
      const now = clock.now().toISOString();
      const account: Account = {
        id: newId('principal', clock),
        name: wanted.name,
        kind: 'agent',
        roles: AGENT_ROLES.filter((role) => wanted.roles.includes(role)),
        groups: [...new Set(wanted.groups)].sort(),
        password_hash: null,
        signing_key: null,
        external: null,
        created_at: now,
      };
      const record: AgentRecord = {
        id: account.id,
        owner: owner.id,
        purpose: wanted.purpose,
        tools: [...new Set(wanted.tools)].sort(),
        data: wanted.data,
        environment,
        state: 'proposed',
        review_by,
        created_at: now,
        changed_at: now,
      };
      const agent: Agent = { ...record, name: account.name, roles: account.roles, groups: account.groups };
      await uow.transaction(async (tx) => {
        if (!(await store.insertAccount(tx, account)))
          throw new PortreeveError('conflict', `The name ${account.name} is already in use.`, {
            next: 'Choose another.',
          });
        await store.insertAgent(tx, record);
        await audit.append(tx, [
          accountCreated(account, by),
          draft({
            type: 'identity.agent_registered',
            actor: by,
            data: {
              agent: agent.id,
              name: agent.name,
              owner: agent.owner,
              purpose: agent.purpose,
              roles: [...agent.roles],
              groups: [...agent.groups],
              tools: [...agent.tools],
              data: agent.data,
              environment,
              review_by,
            },
          }),
        ]);
      });
      return agent;
    },

    async changeAgent(id, input, by) {
      const { event, reason, review_by } = parse(agentChangeSchema, input, 'The agent cannot be changed so.');
      if (event === 'review' && review_by === undefined)
        throw new PortreeveError('bad_request', 'A review says when the next one is: `review_by`.');
      const { after, move } = await uow.transaction(async (tx) => {
        const before = await store.lockAgent(tx, id);
        if (!before) throw new PortreeveError('not_found', 'There is no such agent.');
        // The state is asked first, so that a retired agent is not told of a date to correct.
        const next = nextAgentState(before.state, event);
        const review =
          next === 'active' || review_by !== undefined ? nextReview(review_by ?? before.review_by) : before.review_by;
        return apply(tx, before, event, review, reason, by);
      });
      await agentHooks?.committed(move);
      return withAccount(after);
    },

    async agent(id) {
      const record = await store.agentById(id);
      return record && withAccount(record);
    },

    async agents(page = {}) {
      const limit = Math.min(Math.max(Math.trunc(page.limit ?? 100), 1), 200);
      return Promise.all(
        (await store.listAgents({ limit, after: page.after ?? null, order: page.order })).map(withAccount),
      );
    },

    async reviewDue() {
      const suspended: PrincipalId[] = [];
      for (const id of await store.agentsToReview(clock.now().toISOString(), LAPSE_BATCH)) {
        const lapsed = await uow.transaction(async (tx) => {
          const agent = await store.lockAgent(tx, id);
          // It may have been reviewed, suspended or retired since it was listed.
          if (agent?.state !== 'active' || clock.now().getTime() < Date.parse(agent.review_by)) return null;
          return apply(tx, agent, 'lapse', agent.review_by, 'The review date has passed.', SYSTEM_ACTOR);
        });
        if (!lapsed) continue;
        suspended.push(id);
        await agentHooks?.committed(lapsed.move);
      }
      return suspended;
    },
  };
}

function parse<T extends z.ZodType>(schema: T, input: unknown, detail: string): z.output<T> {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new PortreeveError('bad_request', detail, { errors: fieldErrors(parsed.error) });
  return parsed.data;
}
