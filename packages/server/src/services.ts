import type { ApprovalDelegations, Approvals, Passkeys } from '@portreeve/approve';
import type { AuditLogs, Reveals } from '@portreeve/audit';
import type { Clock, Evidence, EvidenceId, Principal, Run, RunId, StampingRules } from '@portreeve/contract';
import type { GrantIssuer } from '@portreeve/execute/gatekeeper';
import type {
  EnvironmentService,
  Gate,
  Handoffs,
  learnFromPerson,
  NoticeStore,
  Outside,
  Undos,
  Unwindings,
} from '@portreeve/gate';
import type { ChangeStore, Releases } from '@portreeve/govern';
import type { AccessTokens, Identity, OidcSignIn } from '@portreeve/identity';
import type { PolicyEngine } from '@portreeve/policy';
import type { RunStore, Task } from '@portreeve/run';
import type { Backups } from './backup/make-backup.ts';
import type { ChangeDesk } from './changes/desk.ts';
import type { OpenEndpoint } from './config/model.ts';
import type { ProjectWorkflow } from './config/project.ts';
import type { Reach } from './doctor/reach-systems.ts';
import type { DriftWatch } from './governance/drift.ts';
import type { ReadinessWatch } from './governance/readiness.ts';
import type { ThresholdWatch } from './governance/thresholds.ts';
import type { WebOrigin } from './http/cookies.ts';
import type { Counters } from './http/figures/counters.ts';
import type { McpHosts } from './http/mcp-guard.ts';
import type { McpEndpoint } from './mcp/endpoint.ts';
import type { Gateway } from './mcp/gateway.ts';
import type { Notifier } from './notify/notifier.ts';
import type { LogPlace } from './publish-each.ts';
import type { Comparisons } from './releases/compare-apart.ts';
import type { Desk } from './releases/desk.ts';
import type { Pilots } from './releases/pilots.ts';
import type { AuditFigures } from './store/audit-figures.ts';
import type { BudgetStore } from './store/budgets.ts';
import type { Database } from './store/database.ts';
import type { DefinitionStore } from './store/mcp-definitions.ts';
import type { OversightStore } from './store/oversight.ts';
import type { Pulse } from './store/pulse.ts';
import type { StreamView } from './streams/streams.ts';
import type { SenderState } from './telemetry/otlp-sender.ts';
import type { Tracing } from './telemetry/tracing.ts';
import type { WhatIf } from './what-if/what-if.ts';
import type { Erasing } from './wire-erasure.ts';

/** What the faces may use. A route gets these and nothing else: no connector, no model, no key. */
export interface Services {
  readonly clock: Clock;
  readonly database: Database;
  readonly pulse: Pick<Pulse, 'unlessSilent'>;
  readonly identity: Identity;
  readonly accessTokens: Pick<AccessTokens, 'issuer' | 'audience'>;
  readonly oidcByName: ReadonlyMap<string, OidcSignIn>;
  /** Where browsers reach us. */
  readonly web: WebOrigin;
  readonly policy: PolicyEngine;
  /** Judges recorded decisions anew by rules that are not in force. */
  readonly whatIf: WhatIf;
  readonly environment: EnvironmentService;
  readonly audit: AuditLogs;
  /** The workflows whose records a reader may see; `null`: all records (requirement G7). */
  readonly auditScope: (reader: Principal) => readonly string[] | null;
  /** What tells people that somebody is needed. */
  readonly notifier: Pick<Notifier, 'try' | 'states'>;
  /** How far each stream of the record is. */
  readonly streams: () => Promise<StreamView[]>;
  readonly figures: AuditFigures;
  /** The figures as counters. */
  readonly counters: Counters;
  /** How their push is; null where none is configured. */
  readonly metricsPush: () => SenderState | null;
  /** The same of traces. */
  readonly tracePush: () => SenderState | null;
  /** Tells who came with what context. */
  readonly tracing: Pick<Tracing, 'entered'>;
  readonly drift: DriftWatch;
  readonly thresholds: ThresholdWatch;
  readonly readiness: Pick<ReadinessWatch, 'of' | 'unready'>;
  readonly erasing: Erasing;
  readonly reveals: Reveals;
  /** Puts marks in the place of secrets and personal values. */
  readonly redact: (text: string) => string;
  readonly backups: Backups;
  /** The anchors and witnesses of each log, and how each is. */
  places(): Promise<readonly LogPlace[]>;
  /** Whether each system of the configuration can be reached now. */
  reach(): Promise<Reach[]>;
  /** Whether whoever asks may read the log's checkpoint and tiles. */
  readonly public_tiles: boolean;
  readonly approvals: Approvals;
  readonly passkeys: Passkeys;
  readonly approvalDelegations: ApprovalDelegations;
  readonly oversight: OversightStore;
  /** When a reviewer’s way of deciding looks like stamping. */
  readonly stamping: StampingRules;
  /** What reviewers are told of the programme of planted proposals; null where there is none. */
  readonly plantingNote: string | null;
  readonly handoffs: Handoffs;
  /** Closes the hand-off of an unknown outcome with what a person found out. */
  readonly learn: ReturnType<typeof learnFromPerson>;
  /** What questions to models cost. */
  readonly spending: Pick<BudgetStore, 'ofRun'>;
  readonly undos: Pick<Undos, 'request' | 'view' | 'find'>;
  readonly unwindings: Pick<Unwindings, 'begin' | 'get'>;
  readonly notices: NoticeStore;
  readonly gate: Pick<Gate, 'get' | 'frozen' | 'amend'>;
  readonly runs: RunStore;
  /** The register of releases, and where people ask that one moves on or back. */
  readonly releases: Releases;
  readonly pilots: Pilots;
  readonly desk: Desk;
  /** The register of changes of what workflows rest on, and where people decide on them. */
  readonly changes: ChangeDesk;
  readonly releaseChanges: Pick<Comparisons, 'shown'>;
  readonly workflows: readonly ProjectWorkflow[];
  /** Whether the gate is in this process, and whether runs are carried in it. */
  readonly gatekeeper: 'here' | 'apart';
  readonly reasoner: 'here' | 'apart';
  /** How often the head of each log is to be signed. */
  readonly headEveryMs: number;
  /** The way in for agents outside. */
  readonly outside: Outside;
  readonly mcp: {
    readonly endpoint: McpEndpoint;
    readonly gateway: Gateway;
    readonly definitions: DefinitionStore;
    /** The changes that definitions are. */
    readonly changes: ChangeStore;
    /** The endpoint's canonical URI (RFC 8707). */
    readonly resource: string;
    readonly hosts: McpHosts;
    readonly per_minute: number;
  };
  submit(task: Task, principal: Principal): Promise<Run>;
  /** The evidence of a run as its readers gave it, for a person who decides. */
  evidence(run: RunId, ids: readonly EvidenceId[]): Promise<Evidence[]>;
  jwks(): Promise<ReturnType<GrantIssuer['jwks']>>;
  readonly info: {
    readonly version: string;
    readonly environment: string;
    /** Whether people may sign in with local accounts. */
    readonly local_accounts: boolean;
    /** Whether the database tells the roles apart; not where its user may not make roles. */
    readonly database_roles: boolean;
    /** Whether tools are called from this process. */
    readonly executor: 'here' | 'apart';
    /** Whether new runs take what is in production, or what the project's files are. */
    readonly active_releases: 'folder' | 'promoted';
    /** Of the prices of models; empty where none has a price. */
    readonly currency: string;
    /** The model endpoints, in the order in which they are tried. */
    readonly endpoints: readonly Omit<OpenEndpoint, 'ask'>[];
    /** The configured address of this server; null: only who has come knows by which. */
  };
  readonly debugpoint: (name: string) => void;
}
