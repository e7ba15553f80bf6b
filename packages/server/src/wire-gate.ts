import { scoreValue } from '@portreeve/context';
import { resolveSystemUrl } from '@portreeve/contract';
import { exchangeToken } from '@portreeve/execute';
import type { GrantIssuer } from '@portreeve/execute/gatekeeper';
import {
  createGate,
  createOutside,
  type Gate,
  learnFromPerson,
  type Outside,
  plantingGate,
  type Undos,
  type Unwindings,
} from '@portreeve/gate';
import { taskRunner } from '@portreeve/run';
import type { ChangeDesk } from './changes/desk.ts';
import type { Keys } from './config/keys.ts';
import type { Models } from './config/model.ts';
import { withExchanges } from './mcp/exchanged-credentials.ts';
import { callFollowers } from './mcp/follow-calls.ts';
import type { LogPlace } from './publish-each.ts';
import type { Rehearsal } from './redteam/rehearsal.ts';
import type { Desk } from './releases/desk.ts';
import { wireExecution } from './roles/wire-execution.ts';
import { agentSessionStore } from './store/agent-sessions.ts';
import { streamStore } from './store/audit-streams.ts';
import { historyStore } from './store/history.ts';
import { createStreams, type StreamView } from './streams/streams.ts';
import { traceDecider, traceGate, traceGrants, traceRunner, traceWriter } from './telemetry/trace-stages.ts';
import { wireContext } from './wire-context.ts';
import type { Shared } from './wire-shared.ts';
import { wireUndo } from './wire-undo.ts';

/** What the faces need of the gate, wherever it is. */
export interface GateFaces {
  readonly gate: Pick<Gate, 'get' | 'frozen' | 'amend'>;
  readonly undos: Pick<Undos, 'request' | 'view' | 'find'>;
  readonly unwindings: Pick<Unwindings, 'begin' | 'get'>;
  /** Closes the hand-off of an unknown outcome with what a person found out. */
  readonly learn: ReturnType<typeof learnFromPerson>;
  readonly desk: Desk;
  readonly changes: ChangeDesk;
  readonly outside: Outside;
  /** The public keys that check grants. */
  jwks(): ReturnType<GrantIssuer['jwks']>;
  /** The anchors and witnesses of each log, and how each is. */
  places(): Promise<readonly LogPlace[]>;
  /** How far each stream of the record is. */
  streams(): Promise<StreamView[]>;
}

/** A token endpoint that takes longer fails the call that needs it. */
const EXCHANGE_TIMEOUT_MS = 10_000;

/** The one gate with what it executes by, what goes on with what it began, and what runs need of it. */
export async function wireGate(
  shared: Shared,
  options: {
    readonly keys: Keys;
    /** Null: runs are carried out in other processes. */
    readonly models: Models | null;
    /** What stands in for sources and tools, where nothing outside may be touched. */
    readonly rehearsal: Rehearsal | undefined;
    /** The name of this process, as leases and executions know it. */
    readonly executor: string;
    readonly debugpoint: (name: string) => void;
  },
) {
  const { stage, database, project, config, systems, secrets, clock, queue, tracing, log, policy, led } = shared;
  const { audit, sealing, environment, identity, signIn, leases, egress, register, workflows } = shared;
  const { proposals, notices, handoffs, planted, planting, approvals, runs } = shared;
  const { keys, models, rehearsal, executor, debugpoint } = options;
  if (!led) throw new TypeError('the gate is where the record is signed');

  const streams = createStreams({
    ...{ systems, egress, secrets, clock, audit },
    streams: config.audit.streams,
    projectFolder: project.folder,
    cursors: streamStore(database, clock),
  });
  const followers = callFollowers();
  const credentialStore = withExchanges(secrets.store, {
    ...{ upstreams: config.mcp.upstreams, clock, locate: (url) => resolveSystemUrl(url, systems) },
    whoIs: async (id) => (await identity.subject(id))?.principal ?? null,
    subjectToken: async (who, endpoint) => (await signIn.accessTokens.signSubject(who, endpoint)).token,
    secret: (name) => secrets.read(name),
    exchange: (wish, what) => exchangeToken(egress.fetch, wish, { what, timeout_ms: EXCHANGE_TIMEOUT_MS }),
  });
  const execution = await wireExecution({
    ...{ database, config, keys, egress, systems, clock, leases, debugpoint, tracing },
    audit: traceWriter(audit, tracing),
    secrets: { ...secrets, store: credentialStore },
    folder: project.folder,
    instance: executor,
    follower: followers.find,
    house: register.house,
    rehearsal,
  });

  const history = historyStore(database);
  const untraced = createGate({
    ...stage,
    policy: traceDecider(policy, tracing),
    policyOf: workflows.policyOf,
    approvals: {
      ...approvals,
      request: async (tx, wish) => {
        const approval = await approvals.request(tx, wish);
        await planting.sample(tx, wish.proposal);
        return approval;
      },
    },
    planted,
    handoffs,
    store: proposals,
    history,
    notices,
    environment,
    debugpoint,
    execution: traceGrants(execution.service, tracing),
  });
  const gate = traceGate(untraced, clock, tracing);

  const { undos, unwindings, settleDue } = wireUndo({
    ...stage,
    database,
    sealing,
    gate,
    handoffs,
    proposals,
    queue,
    log,
  });
  const learn = learnFromPerson({ ...stage, store: proposals, handoffs, history, execution: execution.service });

  const { context, forgetDue, sweepPseudonyms } = wireContext({
    ...{ database, audit, config, systems, secrets, egress, sealing, clock },
    ...{ folder: project.folder, pseudonyms: keys.pseudonyms, rehearsal },
  });
  const runGate = plantingGate(gate, planting.runs);
  const run = taskRunner({
    ...stage,
    store: runs,
    context,
    endpoints: models?.endpoints ?? [],
    gate: runGate,
    unwindings,
    handoffs,
    policy,
    environment,
    workflows,
    releases: workflows,
    log: (message, error) => log('error', message, error),
  });

  const outside = createOutside({
    ...{ ...stage, gate },
    store: agentSessionStore(database, sealing),
    idle_minutes: config.mcp.session_idle_minutes,
    score: scoreValue,
  });
  const faces: GateFaces = {
    ...{ gate, undos, unwindings, learn, outside, jwks: execution.jwks, streams: streams.states },
    ...{ desk: register.deskOn(gate), changes: register.changesOn(gate) },
    places: async () => led.publisher.status(),
  };
  return {
    ...{ faces, gate, runGate, unwindings, execution, streams, followers, settleDue, forgetDue, sweepPseudonyms },
    run: traceRunner(run, runs, tracing),
    publisher: led.publisher,
    closePlaces: led.closeEgress,
  };
}
export type GateKept = Awaited<ReturnType<typeof wireGate>>;
