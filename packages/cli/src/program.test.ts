import { mkdtempSync } from 'node:fs';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RecordType } from '@portreeve/contract';
import { freePort, openedChange } from '@portreeve/server/testing';
import { verifyInclusion } from '@portreeve/verify';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildProgram } from './program.ts';
import { renderDefinition } from './render/definition.ts';
import { type Installation, installation, UPSTREAM } from './testing/installation.ts';
import { command, documentIn, type Printed } from './testing/terminal.ts';

/** What a command needs and what it leaves behind: issue point "coverage that forgets nothing". */
interface Row {
  /** The operation that policy is asked for; null where no server is asked, and then why not. */
  readonly right: string | null;
  readonly why?: string;
  /** The records of which at least one is written when it is done, and the command's exit code then. */
  readonly records: readonly RecordType[];
  readonly code?: number;
  /** Who may, and who may not; null where everybody who is signed in may. */
  readonly as: string | null;
  readonly notAs: string | null;
  /** What stands behind the command's name. */
  readonly words: (made: Made) => readonly string[];
}

/** A date for a review that is due in time. */
const nextMonth = (): string => new Date(Date.now() + 29 * 86_400_000).toISOString().slice(0, 10);

/** What earlier commands have made and later ones need. */
interface Made {
  readonly input: string;
  readonly folder: string;
  readonly approval: string;
  readonly other: string;
  /** An approval to be taken back, somebody who may stand in for the lead and for which group, and a delegation to them. */
  readonly recalled: string;
  readonly amended: string;
  /** A file with other arguments for it. */
  readonly amendment: string;
  readonly standIn: string;
  readonly group: string;
  readonly delegation: string;
  readonly leaver: string;
  readonly erasure: string;
  readonly otherErasure: string;
  readonly hold: string;
  /** A mark of the record, and three wishes to see what stands behind it; the third is allowed. */
  readonly mark: string;
  readonly reveals: readonly [string, string, string];
  readonly handoff: string;
  readonly operator: string;
  readonly result: number;
  readonly agent: string;
  readonly activeAgent: string;
  readonly session: string;
  /** API tokens: one to be rotated, one to be revoked. */
  readonly token: string;
  readonly otherToken: string;
  /** Releases of the example in several states, a bundle and a report. */
  readonly releases: Record<'file' | 'report' | 'added' | 'testing' | 'ready' | 'barring', string>;
  /** Changes that touch nothing of what runs: one to be approved, one to be turned down. */
  readonly changes: readonly [string, string];
  readonly proposal: string;
  readonly run: string;
  readonly execution: string;
  /** The digest of what the upstream shows as its tool `publish`. */
  readonly definition: string;
}

const EXAMPLE = fileURLToPath(new URL('../../../examples/incident-summary/', import.meta.url));
const WITHOUT = 'it reads files of the project and no data of a server: who may read them may';

const COMMANDS: Readonly<Record<string, Row>> = {
  up: {
    right: null,
    why: 'it starts the server: who may read and write the state folder may; test/end-to-end runs it',
    records: ['system.started', 'system.stopped'],
    as: null,
    notAs: null,
    words: () => [],
  },
  serve: {
    right: null,
    why: 'it starts a process: who may read and write the state folder and the database may; test/roles runs it',
    records: ['system.started', 'key.created'],
    as: null,
    notAs: null,
    words: () => [],
  },
  migrate: {
    right: null,
    why: 'it is for the owner of the database: who has its address and password may; packages/server/src/store/migration',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'drill vendor-outage': {
    right: null,
    why: 'it makes an installation for itself alone and takes it away again; test/end-to-end/drill.test.ts runs it',
    records: ['environment.changed'],
    as: null,
    notAs: null,
    words: () => [],
  },
  redteam: {
    right: null,
    why: 'it makes an installation for itself alone and takes it away again; test/end-to-end/redteam.test.ts runs it',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'keys executor': {
    right: null,
    why: 'it shows the public half of a key of the state folder: who may read that may',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'keys grant': {
    right: null,
    why: 'it shows the public half of a key of the state folder: who may read that may',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  check: { right: null, why: WITHOUT, records: [], as: null, notAs: null, words: () => ['--project', EXAMPLE] },
  init: {
    right: null,
    why: 'it writes files into a folder: who may write there may; commands/init.test.ts runs it',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  test: {
    ...{ right: null, why: WITHOUT, records: [], as: null, notAs: null },
    words: () => ['--project', EXAMPLE, '--declared'],
  },
  'policy lint': { right: null, why: WITHOUT, records: [], as: null, notAs: null, words: () => ['--project', EXAMPLE] },
  'policy test': { right: null, why: WITHOUT, records: [], as: null, notAs: null, words: () => ['--project', EXAMPLE] },
  'policy matrix': {
    ...{ right: null, why: WITHOUT, records: [], as: null, notAs: null },
    words: () => ['--project', EXAMPLE],
  },
  'policy explain': {
    right: 'policy.explain',
    records: ['api.read'],
    as: 'lead',
    notAs: 'analyst',
    words: ({ proposal }) => [proposal],
  },
  drift: {
    right: 'metrics.read',
    records: ['api.read'],
    as: 'auditor',
    notAs: 'analyst',
    words: () => ['incident-summary'],
  },
  evidence: {
    right: 'evidence.read',
    records: ['evidence.reported'],
    as: 'auditor',
    notAs: 'analyst',
    words: () => ['--framework', 'soc-2'],
  },
  ...Object.fromEntries(
    ['ai-systems', 'identities', 'data-flows', 'exceptions', 'incidents'].map((name): [string, Row] => [
      `register ${name}`,
      { right: 'registers.read', records: ['api.read'], as: 'auditor', notAs: 'analyst', words: () => [] },
    ]),
  ),
  'policy replay': {
    right: 'policy.replay',
    records: ['audit.read'],
    as: 'operator',
    notAs: 'lead',
    words: () => [EXAMPLE, '--project', EXAMPLE, '--since', '30d'],
  },
  run: {
    right: 'runs.submit',
    records: ['run.submitted', 'run.admitted'],
    code: 3,
    as: 'analyst',
    notAs: 'lead',
    words: ({ input }) => ['incident-summary', '--input', input],
  },
  'approvals list': { right: 'approvals.read', records: ['api.read'], as: 'lead', notAs: null, words: () => [] },
  'approvals show': {
    right: 'approvals.read',
    records: ['api.read'],
    as: 'lead',
    notAs: null,
    words: ({ approval }) => [approval],
  },
  'approvals approve': {
    right: 'approvals.decide',
    records: ['approval.verdict', 'approval.closed'],
    as: 'lead',
    notAs: 'analyst',
    words: ({ approval }) => [approval],
  },
  'approvals deny': {
    right: 'approvals.decide',
    records: ['approval.verdict', 'approval.closed'],
    as: 'lead',
    notAs: 'analyst',
    words: ({ other }) => [other, '--reason', 'not today'],
  },
  'approvals withdraw': {
    right: 'approvals.withdraw',
    records: ['approval.closed'],
    as: 'analyst',
    notAs: 'lead',
    words: ({ recalled }) => [recalled],
  },
  'approvals confirm': {
    right: 'approvals.confirm',
    // Nobody is asked to confirm what the example does, and it is said to be so.
    records: ['approval.refused_verdict'],
    code: 1,
    as: 'analyst',
    notAs: 'lead',
    words: ({ other }) => [other],
  },
  'approvals amend': {
    right: 'approvals.amend',
    records: ['approval.amended', 'proposal.submitted'],
    as: 'lead',
    notAs: 'analyst',
    words: ({ amended, amendment }) => [amended, '--args', amendment, '--reason', 'it names nobody'],
  },
  'oversight report': {
    right: 'oversight.read',
    records: ['api.read'],
    as: 'auditor',
    notAs: 'analyst',
    words: () => [],
  },
  'approvals batch': {
    right: 'approvals.decide',
    // What the example does is of a tier that is looked at one by one, and is said to be.
    records: ['api.refused'],
    code: 1,
    as: 'lead',
    notAs: 'analyst',
    words: ({ approval, other }) => [approval, other],
  },
  'approvals delegate': {
    right: 'approvals.delegate',
    records: ['approval.delegated'],
    as: 'lead',
    notAs: 'analyst',
    words: ({ standIn, group }) => ['--to', standIn, '--groups', group, '--until', nextMonth(), '--reason', 'on leave'],
  },
  'approvals delegations': {
    right: 'approvals.delegations',
    records: ['api.read'],
    as: 'lead',
    notAs: 'analyst',
    words: () => [],
  },
  'approvals end-delegation': {
    right: 'approvals.delegate',
    records: ['approval.delegation_ended'],
    as: 'lead',
    notAs: 'analyst',
    words: ({ delegation }) => [delegation],
  },
  freeze: {
    right: 'environment.freeze',
    records: ['environment.changed'],
    as: 'operator',
    notAs: 'lead',
    words: () => ['tool:nothing_of_ours', '--reason', 'a test'],
  },
  thaw: {
    right: 'environment.thaw',
    records: ['environment.changed'],
    as: 'operator',
    notAs: 'lead',
    words: () => ['tool:nothing_of_ours', '--reason', 'a test'],
  },
  'approvals notices': { right: 'notices.read', records: ['api.read'], as: 'lead', notAs: null, words: () => [] },
  undo: {
    right: 'executions.undo',
    // What the example publishes is irreversible, and is said to be.
    records: ['undo.ended', 'handoff.opened'],
    code: 1,
    as: 'analyst',
    notAs: 'lead',
    words: ({ execution }) => [execution],
  },
  'queue list': { right: 'queue.read', records: ['api.read'], as: 'operator', notAs: 'analyst', words: () => [] },
  'queue show': {
    right: 'queue.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ handoff }) => [handoff],
  },
  'queue take': {
    right: 'queue.take',
    records: ['handoff.assigned'],
    as: 'admin',
    notAs: 'analyst',
    words: ({ handoff }) => [handoff],
  },
  'queue assign': {
    right: 'queue.assign',
    records: ['handoff.assigned'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ handoff, operator }) => [handoff, '--to', operator],
  },
  'queue escalate': {
    right: 'queue.escalate',
    records: ['handoff.escalated'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ handoff }) => [handoff, '--reason', 'not mine to decide'],
  },
  'queue finish': {
    right: 'queue.finish',
    records: ['handoff.closed'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ handoff }) => [handoff, '--note', 'looked, and it was published'],
  },
  'audit search': { right: 'audit.read', records: ['audit.read'], as: 'auditor', notAs: 'analyst', words: () => [] },
  'audit show': { right: 'audit.read', records: ['audit.read'], as: 'auditor', notAs: 'analyst', words: () => ['0'] },
  'audit verify': {
    right: 'audit.verify',
    records: ['audit.verified'],
    as: 'auditor',
    notAs: 'analyst',
    words: () => [],
  },
  'audit export': {
    right: 'audit.export',
    records: ['audit.read'],
    as: 'auditor',
    notAs: 'analyst',
    words: ({ folder }) => ['--out', join(folder, `export-${Math.random()}`)],
  },
  'audit replay': {
    right: 'audit.read',
    records: ['audit.read'],
    as: 'auditor',
    notAs: 'analyst',
    words: ({ run }) => [run],
  },
  'audit streams': { right: 'audit.verify', records: ['api.read'], as: 'auditor', notAs: 'analyst', words: () => [] },
  'audit erase': {
    right: 'audit.erase',
    records: ['audit.erasure_requested'],
    code: 3,
    as: 'operator',
    notAs: 'auditor',
    words: ({ leaver }) => ['--subject', leaver, '--reason', 'they asked'],
  },
  'audit erasures list': {
    right: 'audit.erasures',
    records: ['api.read'],
    as: 'auditor',
    notAs: 'lead',
    words: () => [],
  },
  'audit erasures confirm': {
    right: 'audit.confirm_erasure',
    records: ['audit.erased'],
    as: 'admin',
    notAs: 'operator',
    words: ({ erasure }) => [erasure],
  },
  'audit erasures refuse': {
    right: 'audit.confirm_erasure',
    records: ['audit.erasure_refused'],
    as: 'admin',
    notAs: 'operator',
    words: ({ otherErasure }) => [otherErasure, '--reason', 'a contract still runs'],
  },
  'audit hold set': {
    right: 'audit.hold',
    records: ['audit.hold_set'],
    as: 'operator',
    notAs: 'auditor',
    words: () => ['workflow:none-of-ours', '--reason', 'a claim'],
  },
  'audit hold list': { right: 'audit.erasures', records: ['api.read'], as: 'auditor', notAs: 'lead', words: () => [] },
  'audit hold lift': {
    right: 'audit.lift_hold',
    records: ['audit.hold_lifted'],
    as: 'admin',
    notAs: 'operator',
    words: ({ hold }) => [hold, '--reason', 'settled'],
  },
  'audit keys rotate': {
    right: 'audit.rotate_keys',
    records: ['audit.keys_rewrapped'],
    as: 'admin',
    notAs: 'operator',
    words: () => [],
  },
  'audit reveal': {
    right: 'audit.reveal',
    records: ['audit.reveal_requested'],
    code: 3,
    as: 'auditor',
    notAs: 'admin',
    words: ({ mark }) => [mark, '--reason', 'a customer called'],
  },
  'audit reveals list': {
    right: 'audit.reveals',
    records: ['api.read'],
    as: 'auditor',
    notAs: 'lead',
    words: () => [],
  },
  'audit reveals allow': {
    right: 'audit.allow_reveal',
    records: ['audit.reveal_decided'],
    as: 'admin',
    notAs: 'auditor',
    words: ({ reveals }) => [reveals[0]],
  },
  'audit reveals refuse': {
    right: 'audit.allow_reveal',
    records: ['audit.reveal_decided'],
    as: 'admin',
    notAs: 'auditor',
    words: ({ reveals }) => [reveals[1], '--reason', 'no'],
  },
  'audit reveals show': {
    right: 'audit.reveal',
    records: ['audit.revealed'],
    as: 'auditor',
    notAs: 'admin',
    words: ({ reveals }) => [reveals[2]],
  },
  backup: {
    right: 'backups.make',
    records: ['backup.begun', 'backup.ended'],
    as: 'admin',
    notAs: 'operator',
    words: () => [],
  },
  'notifications list': {
    right: 'system.read',
    records: ['api.read'],
    as: 'operator',
    notAs: null,
    words: () => [],
  },
  'notifications test': {
    right: 'notifications.try',
    // The channel of the installation has no address.
    records: ['notification.failed'],
    code: 1,
    as: 'admin',
    notAs: 'operator',
    words: () => ['chat'],
  },
  restore: {
    right: null,
    why: 'it works while no server runs: who may read the archives and write the state folder and the database may',
    records: ['audit.restored', 'environment.changed'],
    as: null,
    notAs: null,
    words: () => ['--log', 'nowhere', '--keys', 'nowhere'],
  },
  'audit receipt': {
    right: 'audit.read',
    records: ['audit.read'],
    as: 'auditor',
    notAs: 'analyst',
    words: ({ result }) => [String(result)],
  },
  'audit proof': {
    right: 'audit.read',
    records: ['audit.read'],
    as: 'auditor',
    notAs: 'analyst',
    words: ({ result }) => [String(result)],
  },
  'keys release': {
    right: null,
    why: 'it shows the public half of a key of the state folder: who may read that may',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'release list': {
    right: null,
    why: 'it reads the files of a project and asks no server',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'release build': {
    right: null,
    why: 'it reads the files of a project and a key of the state folder, and asks no server',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'release verify': {
    right: null,
    why: 'it reads a file and asks no server',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'release diff': {
    right: null,
    why: 'it reads files and asks no server',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'release show': {
    right: 'releases.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: () => [],
  },
  'release add': {
    right: 'releases.add',
    records: ['release.added'],
    as: 'operator',
    notAs: 'lead',
    words: ({ releases: { file } }) => [file],
  },
  'release attest': {
    right: 'releases.attest',
    records: ['release.evidence'],
    as: 'operator',
    notAs: 'lead',
    words: ({ releases: { report } }) => [report],
  },
  'release test': {
    right: 'releases.move',
    records: ['release.moved'],
    as: 'operator',
    notAs: 'lead',
    words: ({ releases: { added } }) => [added, '--reason', 'a test'],
  },
  'release retire': {
    right: 'releases.move',
    records: ['release.moved'],
    as: 'operator',
    notAs: 'lead',
    words: ({ releases: { testing } }) => [testing, '--reason', 'a test'],
  },
  'release promote': {
    right: 'releases.move',
    records: ['proposal.submitted', 'approval.requested'],
    code: 3,
    as: 'operator',
    notAs: 'lead',
    words: ({ releases: { ready } }) => [ready, '--reason', 'a test'],
  },
  'release withdraw': {
    right: null,
    why: 'a release must be in a pilot: test/end-to-end/promotion.test.ts runs it',
    records: ['release.moved'],
    as: null,
    notAs: null,
    words: () => ['sha256:1', '--reason', 'a test'],
  },
  'release bar': {
    right: 'releases.bar',
    records: ['release.moved'],
    as: 'operator',
    notAs: 'lead',
    words: ({ releases: { barring } }) => [barring, '--reason', 'a test'],
  },
  'release rollback': {
    right: null,
    why: 'there must be something to go back to: test/end-to-end/promotion.test.ts runs it',
    records: ['release.moved'],
    as: null,
    notAs: null,
    words: () => ['incident-summary', '--reason', 'a test'],
  },
  'changes list': {
    right: 'changes.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: () => [],
  },
  'changes show': {
    right: 'changes.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ changes: [change] }) => [change],
  },
  'changes approve': {
    right: 'changes.approve',
    records: ['proposal.submitted', 'approval.requested'],
    code: 3,
    as: 'operator',
    notAs: 'lead',
    words: ({ changes: [change] }) => [change, '--reason', 'a test'],
  },
  'changes reject': {
    right: 'changes.reject',
    records: ['change.moved'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ changes: [, change] }) => [change, '--reason', 'a test'],
  },
  'source list': {
    right: null,
    why: 'it reads the files of a project and asks no server',
    ...{ records: [], as: null, notAs: null },
    words: () => [],
  },
  'source show': {
    right: null,
    why: 'it reads the files of a project and asks no server',
    ...{ records: [], as: null, notAs: null },
    words: () => ['case-logs'],
  },
  'source check': {
    right: null,
    why: 'it reads the files of a project and asks no server',
    ...{ records: [], as: null, notAs: null },
    words: () => [],
  },
  'tool check': {
    right: null,
    why: 'it reads the files of a project and asks no server',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  'tool pending': {
    right: 'definitions.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: () => [],
  },
  'tool show': {
    right: 'definitions.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: () => [UPSTREAM, 'publish'],
  },
  'tool approve': {
    right: 'definitions.decide',
    records: ['mcp.definition_decided'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ definition }) => [UPSTREAM, 'publish', definition, '--reason', 'looked at'],
  },
  'tool withdraw': {
    right: 'definitions.decide',
    records: ['mcp.definition_decided'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ definition }) => [UPSTREAM, 'publish', definition, '--reason', 'no longer needed'],
  },
  hook: {
    right: null,
    why: 'it asks for what an agent asks: the gateway decides on each call; test/agents runs it',
    records: ['proposal.submitted'],
    as: null,
    notAs: null,
    words: () => ['--tools', '/dev/null'],
  },
  mcp: {
    right: null,
    why: 'it passes on what a client says: the gateway decides on each message; test/mcp runs it',
    records: ['mcp.connection'],
    as: null,
    notAs: null,
    words: () => [],
  },
  'identity agents list': {
    right: 'agents.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: () => [],
  },
  'identity agents show': {
    right: 'agents.read',
    records: ['api.read'],
    as: 'operator',
    notAs: 'analyst',
    words: ({ agent }) => [agent],
  },
  'identity agents register': {
    right: 'agents.register',
    records: ['identity.agent_registered'],
    as: 'admin',
    notAs: 'operator',
    words: () => ['second-agent', '--purpose', 'a test', '--review-by', nextMonth()],
  },
  ...Object.fromEntries(
    (['activate', 'review', 'suspend', 'reinstate', 'retire'] as const).map((event): [string, Row] => [
      `identity agents ${event}`,
      {
        right: 'agents.change',
        records:
          event === 'suspend' ? ['identity.agent_changed', 'identity.holdings_revoked'] : ['identity.agent_changed'],
        as: 'admin',
        notAs: 'operator',
        words: ({ agent }) => [
          agent,
          '--reason',
          'a test',
          ...(event === 'review' ? ['--review-by', nextMonth()] : []),
        ],
      },
    ]),
  ),
  'identity services list': {
    right: 'accounts.list',
    records: ['api.read'],
    as: 'admin',
    notAs: 'analyst',
    words: () => [],
  },
  'identity services create': {
    right: 'accounts.create',
    records: ['identity.account_created'],
    as: 'admin',
    notAs: 'analyst',
    words: () => ['nightly-job'],
  },
  'identity tokens list': { right: 'tokens.read', records: ['api.read'], as: 'analyst', notAs: null, words: () => [] },
  'identity tokens create': {
    right: 'tokens.create',
    records: ['identity.token_created'],
    as: 'analyst',
    notAs: 'auditor',
    words: () => ['for a test', '--days', '1'],
  },
  'identity tokens rotate': {
    right: 'tokens.rotate',
    records: ['identity.token_rotated'],
    as: 'analyst',
    notAs: 'auditor',
    words: ({ token }) => [token],
  },
  'identity tokens revoke': {
    right: 'tokens.revoke',
    records: ['identity.token_revoked'],
    as: 'analyst',
    notAs: null,
    words: ({ otherToken }) => [otherToken],
  },
  'identity sessions list': {
    right: 'sessions.read',
    records: ['api.read'],
    as: 'analyst',
    notAs: null,
    words: () => [],
  },
  'identity sessions end': {
    right: 'sessions.end',
    records: ['identity.sessions_ended'],
    as: 'admin',
    notAs: null,
    words: ({ session }) => [session],
  },
  'identity delegate': {
    right: 'delegations.create',
    records: ['identity.delegated'],
    as: 'analyst',
    notAs: null,
    words: ({ activeAgent }) => [activeAgent, '--scope', 'role:requester'],
  },
  'secrets set': {
    right: null,
    why: 'it changes files of the state folder, whoever may write there; commands/secrets.test.ts runs it',
    records: ['secret.changed'],
    as: null,
    notAs: null,
    words: () => ['case-token'],
  },
  'secrets rm': {
    right: null,
    why: 'it changes files of the state folder, whoever may write there; commands/secrets.test.ts runs it',
    records: ['secret.changed'],
    as: null,
    notAs: null,
    words: () => ['case-token'],
  },
  'secrets rotate': {
    right: null,
    why: 'it changes files of the state folder, whoever may write there; commands/secrets.test.ts runs it',
    records: ['secret.changed'],
    as: null,
    notAs: null,
    words: () => [],
  },
  'secrets list': {
    right: null,
    why: 'it lists file names of the state folder, whoever may read it, and shows no secret',
    records: [],
    as: null,
    notAs: null,
    words: () => [],
  },
  // The installation has a channel without an address: that is a fault, and found.
  doctor: { right: 'system.diagnose', records: ['api.read'], code: 1, as: 'operator', notAs: null, words: () => [] },
};

function leaves(parent: Command, path: readonly string[] = []): { name: string; command: Command }[] {
  return parent.commands.flatMap((each) =>
    each.commands.length > 0
      ? leaves(each, [...path, each.name()])
      : [{ name: [...path, each.name()].join(' '), command: each }],
  );
}

/** Words of the right form that mean nothing. */
const NOTHING: Made = {
  input: '/dev/null',
  folder: mkdtempSync(join(tmpdir(), 'portreeve-nothing-')),
  approval: 'appr_1',
  other: 'appr_1',
  recalled: 'appr_1',
  amended: 'appr_1',
  amendment: 'amendment.json',
  standIn: 'prn_1',
  group: 'nobody',
  delegation: 'apdl_1',
  leaver: 'prn_1',
  erasure: 'ers_1',
  otherErasure: 'ers_1',
  mark: 'personal:email:16:0badcafe0badcafe',
  reveals: ['rvl_1', 'rvl_2', 'rvl_3'],
  hold: 'hold_1',
  handoff: 'hand_1',
  operator: 'prn_1',
  result: 0,
  agent: 'prn_1',
  activeAgent: 'prn_1',
  session: 'ses_1',
  token: 'tok_1',
  otherToken: 'tok_1',
  releases: {
    ...{ file: '/dev/null', report: '/dev/null' },
    ...{ added: 'sha256:1', testing: 'sha256:1', ready: 'sha256:1', barring: 'sha256:1' },
  },
  changes: ['chg_1', 'chg_1'],
  proposal: 'prop_1',
  run: 'run_1',
  execution: 'exec_1',
  definition: `sha256:${'0'.repeat(64)}`,
};

afterAll(() => rm(NOTHING.folder, { recursive: true, force: true }));

const all = leaves(buildProgram(() => undefined));

describe('every command', () => {
  test('I2 G1: stands in the table of rights and records', () => {
    // If you are here because this failed: a command was added or renamed. Say in COMMANDS which right it needs, who has
    // it and who has not, and which record it leaves; the tests below then try all three. A command that needs no right
    // or leaves no record is a hole: think twice, and write why.
    expect(all.map((leaf) => leaf.name).sort()).toEqual(Object.keys(COMMANDS).sort());
    for (const [name, row] of Object.entries(COMMANDS)) {
      if (row.right === null) expect(row.why, name).toBeTruthy();
      else expect(row.records, name).not.toEqual([]);
    }
  });

  test.each(all)('I2: $name says what it is and does, and takes --json', async ({ name, command: leaf }) => {
    expect(leaf.description()).toMatch(/^\S.{10,}/);
    for (const option of leaf.options) {
      // Filters are named after what they filter; all else is explained.
      if (
        !/^--(run|workflow|type|actor|agent|tool|outcome|code|model|prompt|prompt-version|proposal|approval|policy-version|release|since|until|words)$/.test(
          option.long ?? '',
        )
      )
        expect(option.description, `${name} ${option.flags}`).toMatch(/\S/);
    }
    const help = await command([...name.split(' '), '--help']);
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain(leaf.description().split(' ').slice(0, 3).join(' '));
    expect(help.out).toContain('--json');
  });

  test('I2: the commands of the design are there, with the parts that it names', () => {
    // If you are here because this failed: the first two lines of commands in section 8 of the design are a promise to
    // scripts outside. A command may be added; none of these goes, or is called otherwise.
    const commands =
      'up serve init check test run approvals queue redteam release policy identity source tool freeze thaw audit evidence keys backup restore doctor';
    const parts = {
      run: '',
      approvals: 'list show approve deny',
      audit: 'search show verify proof export receipt replay erase',
      release: 'build diff promote rollback list',
      policy: 'lint test explain matrix replay',
    };
    const { commands: tree } = buildProgram(() => undefined);
    const names = (of: readonly Command[]) => of.map((each) => each.name());
    expect(names(tree)).toEqual(expect.arrayContaining(commands.split(' ')));
    for (const [name, words] of Object.entries(parts))
      expect(names(tree.find((each) => each.name() === name)!.commands), name).toEqual(
        expect.arrayContaining(words.split(' ').filter((word) => word !== '')),
      );
    const run = tree.find((each) => each.name() === 'run')!;
    expect(run.usage()).toContain('<workflow>');
    expect(run.options.map(({ long }) => long)).toEqual(expect.arrayContaining(['--input', '--wait']));
  });

  test('I2: --version says the version and its core', async () => {
    expect(await command(['--version'])).toMatchObject({
      ...{ code: 0, err: '' },
      out: expect.stringMatching(/^\d+\.\d+\.\d+ \(core \d+-[0-9a-f]{12}\)\n$/),
    });
  });

  test.each(all)('I2: $name refuses an option that it does not know, with exit code 2', async ({ name }) => {
    const words = [...name.split(' '), ...(COMMANDS[name]?.words(NOTHING) ?? []), '--no-such-option'];
    const asText = await command(words);
    expect(asText).toMatchObject({ code: 2, out: '' });
    expect(asText.err).toContain('--no-such-option');
    expect(asText.err).toContain('--help');
    const asJson = await command([...words, '--json']);
    expect(asJson.code).toBe(2);
    expect(documentIn(asJson)).toMatchObject({ error: { code: 'usage' } });
  });

  test.each(all.filter(({ command: leaf }) => leaf.registeredArguments.some((argument) => argument.required)))(
    'I2: $name without its argument ends with exit code 2',
    async ({ name }) => {
      expect(await command(name.split(' '))).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringMatching(/missing|required/),
      });
    },
  );
});

test('I2: a command that does not exist, or none at all, ends with exit code 2 and the way to the help', async () => {
  for (const words of [['no-such-command'], ['approvals', 'no-such-command'], ['approvals'], []]) {
    const { code, err } = await command(words);
    expect(code, words.join(' ')).toBe(2);
    expect(err).toMatch(/help|Usage/);
  }
});

describe('without a server', () => {
  const offline = ['--server', 'http://127.0.0.1:9', '--as', 'somebody'];
  const asked = all.filter(({ name }) => COMMANDS[name]?.right != null && name !== 'doctor');

  test.each(asked)('I2: $name says what does not answer and what to do next', async ({ name }) => {
    const words = [...name.split(' '), ...(COMMANDS[name]?.words(NOTHING) ?? []), ...offline];
    const asText = await command(words, { PORTREEVE_PASSWORD: 'x' });
    expect(asText).toMatchObject({ code: 1, out: '' });
    expect(asText.err).toMatch(/^unavailable: No Portreeve answers on http:\/\/127\.0\.0\.1:9\.\nnext: .*portreeve up/);
    const asJson = await command([...words, '--json'], { PORTREEVE_PASSWORD: 'x' });
    expect(asJson).toMatchObject({ code: 1, err: '' });
    expect(documentIn(asJson)).toMatchObject({
      error: { code: 'unavailable', next: expect.stringContaining('portreeve up') },
    });
  });

  test('I2: doctor says so as well, and fails', async () => {
    const found = await command(['doctor', ...offline, '--json'], { PORTREEVE_PASSWORD: 'x' });
    expect(found.code).toBe(1);
    expect(documentIn(found)).toMatchObject({ ok: false });
    const server = documentIn(found).checks.find((check: { name: string }) => check.name === 'server');
    expect(server).toMatchObject({ ok: false, next: expect.stringContaining('portreeve up') });
  });

  test('I2: who nobody knows is told how to say who they are, and how Portreeve is started', async () => {
    const empty = await command(['approvals', 'list', '--state', '/nonexistent/state']);
    expect(empty).toMatchObject({ code: 2, out: '' });
    expect(empty.err).toMatch(/--as NAME.*portreeve up/s);
    const silent = await command(['approvals', 'list', '--as', 'somebody', '--state', '/nonexistent/state']);
    expect(silent).toMatchObject({ code: 2, err: expect.stringContaining('PORTREEVE_PASSWORD') });
  });
});

describe('with a server', () => {
  let here: Installation;
  let made: Made;
  const portreeve = (...words: string[]): Promise<Printed> => command([...words, '--state', here.state]);

  const startRun = async (input: string): Promise<{ run: string; approval: string }> => {
    const asked = await portreeve('run', 'incident-summary', '--input', input, '--json');
    expect(asked.code).toBe(3);
    const { run, approval } = documentIn(asked);
    return { run: run.id, approval: approval.id };
  };

  /** Builds releases that differ in the model that they ask, and brings them to where the commands find them. */
  const someReleases = async (): Promise<Made['releases']> => {
    const build = async (name: string): Promise<{ file: string; release: string }> => {
      const project = await here.otherModel(name);
      const file = join(here.folder, `${name}.release.json`);
      const done = await portreeve('release', 'build', '--project', project, '--out', file, '--json');
      if (done.code !== 0) throw new Error(done.out + done.err);
      const built = documentIn(done);
      return { file, release: built.release };
    };
    const add = async (name: string): Promise<string> => {
      const { file, release } = await build(name);
      expect(await portreeve('release', 'add', file, '--json')).toMatchObject({ code: 0, err: '' });
      return release;
    };
    const report = async (release: string, kind: string): Promise<string> => {
      const file = join(here.folder, `${kind}.report.json`);
      const now = new Date().toISOString();
      const figures = { unattended_harm: 0, attack_success_per_mille: 0, false_alarms_per_mille: 0 };
      const cases = [{ name: 'one', group: 'all', ok: true, detail: null }];
      const said = { kind, workflow: 'incident-summary', release, portreeve: '0.1.0', started: now, ended: now };
      await writeFile(file, JSON.stringify({ ...said, ok: true, figures, cases }));
      return file;
    };
    const test = async (name: string): Promise<string> => {
      const release = await add(name);
      await portreeve('release', 'test', release, '--reason', 'a test');
      return release;
    };
    const ready = await test('ready');
    for (const kind of ['tests', 'red-team'])
      expect(await portreeve('release', 'attest', await report(ready, kind), '--json')).toMatchObject({ code: 0 });
    const added = await add('added');
    return {
      ...{ ready, added, testing: await test('testing'), barring: await add('barring') },
      ...{ file: (await build('bundle')).file, report: await report(added, 'tests') },
    };
  };

  beforeAll(async () => {
    here = await installation(await freePort());
    const input = join(here.folder, 'input.json');
    await writeFile(input, JSON.stringify({ case_id: 'CASE-1042' }));
    const broken = join(here.folder, 'broken.json');
    await writeFile(broken, '[1, 2, 3]');
    const first = await startRun(input);
    const second = await startRun(input);
    // Attached events that are none: work for a person.
    const failed = await portreeve('run', 'incident-summary', '--input', broken, '--json');
    expect(failed.code).toBe(1);
    const [handoff] = documentIn(await portreeve('queue', 'list', '--json')).handoffs;
    expect(handoff).toMatchObject({ kind: 'source_failed', run: documentIn(failed).run.id });
    const folder = here.folder;
    const identity = async (...words: string[]) => documentIn(await portreeve('identity', ...words, '--json'));
    const review = ['--review-by', nextMonth()];
    const { id: agent } = await identity('agents', 'register', 'first-agent', '--purpose', 'a test', ...review);
    const active = await identity('agents', 'register', 'active-agent', '--purpose', 'a test', ...review);
    await identity('agents', 'activate', 'active-agent', '--reason', 'a test');
    const newToken = async () => (await identity('tokens', 'create', 'a test', '--as', 'analyst')).id;
    const leaver = async (called: string) => (await identity('services', 'create', called)).id;
    const erasure = async (called: string) =>
      documentIn(
        await portreeve(
          'audit',
          'erase',
          '--subject',
          await leaver(called),
          '--reason',
          'gone',
          '--as',
          'operator',
          '--json',
        ),
      ).id;
    const held = ['workflow:none-of-ours', '--reason', 'a claim', '--as', 'operator', '--json'];
    const { proposal } = documentIn(await portreeve('approvals', 'show', first.approval, '--json')).approval;
    const asking = join(here.folder, 'asking.json');
    await writeFile(asking, JSON.stringify({ case_id: 'CASE-1042', question: 'What did ada@example.org do?' }));
    const third = await startRun(asking);
    const submitted = await portreeve('audit', 'search', '--run', third.run, '--type', 'run.submitted', '--json');
    const [mark] = /personal:email:[0-9]+:[0-9a-f]+/.exec(submitted.out)!;
    const reveal = async () =>
      documentIn(await portreeve('audit', 'reveal', mark, '--reason', 'a test', '--as', 'auditor', '--json')).id;
    const reveals = [await reveal(), await reveal(), await reveal()] as const;
    await portreeve('audit', 'reveals', 'allow', reveals[2]);
    await portreeve('approvals', 'approve', third.approval, '--as', 'lead');
    const amended = await startRun(input);
    const { args } = documentIn(await portreeve('approvals', 'show', amended.approval, '--json'));
    const amendment = join(here.folder, 'amendment.json');
    await writeFile(amendment, JSON.stringify({ ...args, summary: 'Two hosts signed in.' }));
    let results: { entry: { refs: { execution: string } } }[] = [];
    while (results.length === 0)
      ({ records: results } = documentIn(
        await portreeve('audit', 'search', '--run', third.run, '--type', 'execution.result', '--json'),
      ));
    await here.server.services.mcp.gateway.refresh(UPSTREAM);
    const [{ definition }] = documentIn(await portreeve('tool', 'show', UPSTREAM, 'publish', '--json')).definitions;
    made = {
      releases: await someReleases(),
      changes: [await openedChange(here), await openedChange(here)],
      definition,
      execution: results[0]!.entry.refs.execution,
      ...{
        input,
        folder,
        approval: first.approval,
        other: second.approval,
        recalled: (await startRun(input)).approval,
        amended: amended.approval,
        amendment,
        ...(await newStandIn()),
        leaver: await leaver('leaver-one'),
        erasure: await erasure('leaver-two'),
        otherErasure: await erasure('leaver-three'),
        hold: documentIn(await portreeve('audit', 'hold', 'set', ...held)).id,
        mark,
        reveals,
        handoff: handoff.id,
        operator: (await here.server.services.identity.accounts({ limit: 200 })).find(
          ({ name }) => name === 'operator',
        )!.id,
        result: 0,
        agent,
        proposal,
        run: first.run,
      },
      session: (await identity('sessions', 'list', '--as', 'analyst')).sessions[0].id,
      activeAgent: active.id,
      token: await newToken(),
      otherToken: await newToken(),
    };
  }, 300_000);
  afterAll(async () => {
    await here?.stop();
  }, 60_000);

  const rows = Object.entries(COMMANDS).filter(([, row]) => row.right !== null);
  const recordsSince = async (index: number) => {
    const { records } = await here.server.services.audit.search({ order: 'oldest', after: String(index), limit: 500 });
    return records;
  };
  const size = () => here.server.services.audit.main.size();

  test.each(rows.filter(([, row]) => row.notAs !== null))(
    'I2 G1: %s is refused to who has not the right, and the refusal is on record',
    { timeout: 30_000 },
    async (name, row) => {
      const before = (await size()) - 1;
      const words = [...name.split(' '), ...row.words(made), '--as', row.notAs as string, '--json'];
      const refused = await portreeve(...words);
      expect(refused).toMatchObject({ code: 1, err: '' });
      expect(documentIn(refused)).toMatchObject({ error: { code: 'refused', next: expect.stringMatching(/\S/) } });
      const records = (await recordsSince(before)).filter(({ entry }) => entry.type === 'api.refused');
      expect(records).toHaveLength(1);
      expect(records[0]?.payload?.actor_name).toBe(row.notAs);
      expect(records[0]?.payload?.data).toMatchObject({ operation: row.right, code: 'refused' });
    },
  );

  test.each(rows)(
    'I2 G1: %s is done for who has the right, and is on record',
    { timeout: 30_000 },
    async (name, row) => {
      const before = (await size()) - 1;
      const done = await portreeve(...name.split(' '), ...row.words(made), '--as', row.as as string, '--json');
      expect(done).toMatchObject({ code: row.code ?? 0, err: '' });
      expect(typeof documentIn(done)).toBe('object');
      const records = await recordsSince(before);
      for (const type of row.records) {
        const found = records.filter(({ entry }) => entry.type === type);
        expect(
          found.map(({ payload }) => payload?.actor_name),
          type,
        ).toContain(row.as);
        if (type === 'api.read') expect(found.map(({ payload }) => payload?.data.operation)).toContain(row.right);
      }
    },
  );

  test.each(rows)('I2: %s without a valid token is told to sign in', { timeout: 30_000 }, async (name, row) => {
    const words = [...name.split(' '), ...row.words(made), '--state', here.state, '--json'];
    const refused = await command(words, { PORTREEVE_TOKEN: 'no-such-token' });
    expect(refused).toMatchObject({ code: 1, err: '' });
    if (name === 'doctor') expect(documentIn(refused)).toMatchObject({ ok: false });
    else expect(documentIn(refused)).toMatchObject({ error: { code: 'not_signed_in' } });
  });

  test('B1: a wrong password, and a name that nobody has, fail alike', async () => {
    for (const name of ['lead', 'nobody']) {
      const words = ['approvals', 'list', '--as', name, '--server', here.server.url, '--state', '/nonexistent/state'];
      const failed = await command([...words, '--json'], { PORTREEVE_PASSWORD: 'wrong' });
      expect(failed).toMatchObject({ code: 1 });
      expect(documentIn(failed).error.code).toBe('sign_in_failed');
    }
  });

  test('I2: an id of another form, or of nothing, is refused with what to do next', async () => {
    const cases: readonly (readonly [string[], string])[] = [
      [['approvals', 'show', '../../healthz'], 'bad_request'],
      [['approvals', 'show', 'appr_none'], 'not_found'],
      [['approvals', 'approve', 'run_none'], 'bad_request'],
      [['queue', 'show', 'hand_none'], 'not_found'],
      [['undo', 'exec_none'], 'not_found'],
      [['undo', 'run_none'], 'not_found'],
      [['queue', 'finish', 'hand_none', '--note', 'x'], 'not_found'],
      [['audit', 'show', '999999'], 'not_found'],
      [['audit', 'show', 'x'], 'bad_request'],
      [['audit', 'receipt', '-1'], 'bad_request'],
      [['audit', 'proof', '999999'], 'not_found'],
      [['audit', 'search', '--type', 'no.such.type'], 'bad_request'],
      [['audit', 'search', '--limit', '0'], 'bad_request'],
    ];
    for (const [words, code] of cases) {
      const asJson = await portreeve(...words, '--json');
      expect([words.join(' '), asJson.code, documentIn(asJson).error.code]).toEqual([words.join(' '), 1, code]);
      const asText = await portreeve(...words);
      expect(asText).toMatchObject({ code: 1, out: '' });
      expect(asText.err).toMatch(new RegExp(`^${code}: .+\\n( {2}.+\\n)*next: .+`));
    }
  });

  test('A3: a workflow, a case or an input that there is not is refused before anything is read', async () => {
    const input = (value: unknown) => {
      const file = join(here.folder, 'other.json');
      return writeFile(file, JSON.stringify(value)).then(() => file);
    };
    const unknown = await portreeve(
      'run',
      'no-such-workflow',
      '--input',
      await input({ case_id: 'CASE-1042' }),
      '--json',
    );
    expect(documentIn(unknown).error).toMatchObject({ code: 'unknown_workflow' });
    const attached = await portreeve('run', 'no-such-workflow', '--input', join(here.folder, 'broken.json'), '--json');
    expect(documentIn(attached).error).toMatchObject({ code: 'unknown_workflow' });
    const malformed = await portreeve('run', 'incident-summary', '--input', await input({ case_id: 7, more: true }));
    expect(malformed).toMatchObject({ code: 1, out: '' });
    expect(malformed.err).toMatch(/^bad_input: /);
    const nothing = await portreeve(
      'run',
      'incident-summary',
      '--input',
      await input({ case_id: 'CASE-9999' }),
      '--json',
    );
    expect(nothing.code).toBe(1);
    expect(documentIn(nothing)).toMatchObject({ run: { state: 'failed' }, approval: null });
  });

  test('I2: more than the server takes is refused as such', async () => {
    const file = join(here.folder, 'large.jsonl');
    await writeFile(file, '');
    const line = `${JSON.stringify({ EventID: 1, CommandLine: 'x'.repeat(100_000) })}\n`;
    for (let count = 0; count < 170; count++) await appendFile(file, line);
    const refused = await portreeve('run', 'incident-summary', '--input', file);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^too_large: .*\nnext: /);
  });

  test('F5: a digest that is not the proposal’s is refused before anything is signed', async () => {
    const { approval } = await startRun(made.input);
    const other = `sha256:${'0'.repeat(64)}`;
    const refused = await portreeve('approvals', 'approve', approval, '--digest', other);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('portreeve approvals show');
    const view = documentIn(await portreeve('approvals', 'show', approval, '--json'));
    expect(view.approval).toMatchObject({ state: 'pending', verdicts: [] });

    // The right one, twice: the second verdict comes too late.
    expect(await portreeve('approvals', 'approve', approval, '--digest', view.digest)).toMatchObject({ code: 0 });
    const late = await portreeve('approvals', 'deny', approval, '--json');
    expect(documentIn(late).error).toMatchObject({ code: 'approval_closed' });
  });

  test('I2: run --wait waits until a person has decided; a denial is exit code 1', { timeout: 60_000 }, async () => {
    for (const [verdict, code] of [
      ['approve', 0],
      ['deny', 1],
    ] as const) {
      const waiting = here.server.services.approvals;
      const before = new Set((await waiting.list({ state: 'pending', limit: 200 })).map(({ id }) => id));
      const ended = portreeve('run', 'incident-summary', '--input', made.input, '--wait', '--json');
      let approval: string | undefined;
      while (approval === undefined) {
        const pending = await waiting.list({ state: 'pending', limit: 200 });
        approval = pending.find(({ id }) => !before.has(id))?.id;
        await new Promise((next) => setImmediate(next));
      }
      await approveOutOfBand(approval, verdict);
      expect(await ended).toMatchObject({ code });
    }
  });

  test('G2: an export goes into a folder of its own, verifies there, and shows one changed byte', {
    timeout: 60_000,
  }, async () => {
    const out = join(here.folder, 'export');
    expect(await portreeve('audit', 'export', '--out', out)).toMatchObject({ code: 0 });
    const again = await portreeve('audit', 'export', '--out', out);
    expect(again).toMatchObject({ code: 2, out: '', err: expect.stringContaining('not empty') });

    const whole = await command(['audit', 'verify', out, '--json']);
    expect(whole.code).toBe(0);
    expect(documentIn(whole)).toMatchObject({ ok: true, complete: true });
    // A key that came by another way decides; one that is somebody else's does not.
    const vkey = join(here.folder, 'trusted.vkey');
    await writeFile(vkey, here.server.services.audit.main.vkey);
    expect(await command(['audit', 'verify', out, '--vkey', vkey])).toMatchObject({ code: 0 });

    const entries = join(out, 'entries.jsonl');
    const lines = (await readFile(entries, 'utf8')).split('\n');
    const bad = 7;
    lines[bad] = (lines[bad] as string).replace(
      /"payload_digest\\":\\"sha256:./,
      (found) => `${found.slice(0, -1)}${found.endsWith('0') ? '1' : '0'}`,
    );
    await writeFile(entries, lines.join('\n'));
    const changed = await command(['audit', 'verify', out, '--json']);
    expect(changed.code).toBe(1);
    expect(documentIn(changed)).toMatchObject({ ok: false, first_bad_index: bad });
    expect((await command(['audit', 'verify', out])).out).toContain(`from index ${bad}`);
    expect(await command(['audit', 'verify', join(here.folder, 'nothing')])).toMatchObject({ code: 2, out: '' });
  });

  test('G2: a proof is checked before it is shown, against a key that came another way, and a false one is not shown', async () => {
    const asText = await portreeve('audit', 'proof', '7');
    expect(asText).toMatchObject({ code: 0, err: '' });
    expect(asText.out).toMatch(
      /^✓ Record 7 is number 7 of \d+ in \S+\.\n {2}leaf \S{44}\n( {2}with \S{44}\n)+ {2}root \S{44}, signed\n$/,
    );
    const proved = documentIn(await portreeve('audit', 'proof', '7', '--json'));
    const { entry } = documentIn(await portreeve('audit', 'receipt', '7', '--json'));
    const path = proved.path.map((hash: string) => Buffer.from(hash, 'base64'));
    const root = Buffer.from(proved.root, 'base64');
    expect(verifyInclusion({ entry, index: 7, size: proved.size, root, proof: path })).toBe(true);

    const vkey = join(here.folder, 'other.vkey');
    const { main } = here.server.services.audit;
    const [name, , key] = main.vkey.split('+');
    await writeFile(vkey, `${main.vkey}\n`);
    expect(await portreeve('audit', 'proof', '7', '--vkey', vkey)).toMatchObject({ code: 0 });
    await writeFile(vkey, `${name}x+${'0'.repeat(8)}+${key}\n`);
    expect(await portreeve('audit', 'proof', '7', '--vkey', vkey)).toMatchObject({ code: 2, out: '' });
    expect(await portreeve('audit', 'proof', '7', '--vkey', join(here.folder, 'none'))).toMatchObject({
      code: 2,
      out: '',
    });

    const real = globalThis.fetch;
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      const answer = await real(url, init);
      if (!url.includes('/v1/audit/proof/')) return answer;
      const { entry, ...rest } = (await answer.json()) as { entry: string };
      return Response.json({ ...rest, entry: entry.replace('"index":7', '"index":8') });
    });
    try {
      const refused = await portreeve('audit', 'proof', '7');
      expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Record 7 is not proved') });
      const asJson = await portreeve('audit', 'proof', '7', '--json');
      expect([asJson.code, documentIn(asJson)]).toEqual([
        1,
        { ok: false, place: '7', kind: 'not_included', problem: expect.any(String) },
      ]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('H2: a definition is listed and shown whole, and what is said of another digest is refused', async () => {
    const pending = await portreeve('tool', 'pending');
    expect(pending.out).toMatch(/^tracker +preview +sha256:\w+… +new +nothing found/m);
    const shown = await portreeve('tool', 'show', UPSTREAM, 'preview');
    expect(shown.out).toContain('tracker preview (withheld)');
    expect(shown.out).toContain('action tier 3, external effect, destructive');
    expect(shown.out).toContain('description: Shows what would be published.');
    const [body] = documentIn(await portreeve('tool', 'show', UPSTREAM, 'preview', '--json')).definitions;
    const changes = [{ kind: 'changed', path: '/description', before: 'Shows.', after: 'Sends.' }];
    expect(renderDefinition({ ...body, changes })).toContain('~ /description: "Shows." → "Sends."');
    expect(await portreeve('tool', 'show', UPSTREAM, 'nothing')).toMatchObject({ code: 1 });
    const other = `sha256:${'1'.repeat(64)}`;
    const refused = await portreeve('tool', 'approve', UPSTREAM, 'preview', other, '--reason', 'x', '--json');
    expect(documentIn(refused).error).toMatchObject({ code: 'not_found' });
  });

  test('B2: a token is shown once, alone on standard output, with a warning beside it', async () => {
    const created = await portreeve('identity', 'tokens', 'create', 'for a pipe', '--as', 'analyst');
    expect(created).toMatchObject({ code: 0, err: expect.stringMatching(/^warning: this is shown once/) });
    const secret = created.out.trim();
    expect(secret).toMatch(/^prt_[\w-]{43}$/);
    const listed = await portreeve('identity', 'tokens', 'list', '--as', 'analyst');
    expect(listed.out).toMatch(/for a pipe .*never used/);
    expect(listed.out + listed.err).not.toContain(secret);
    expect((await command(['doctor', '--server', here.server.url], { PORTREEVE_TOKEN: secret })).code).toBe(0);
    expect((await portreeve('identity', 'tokens', 'list', '--as', 'analyst')).out).toMatch(/for a pipe .* used 20/);
    expect((await portreeve('identity', 'tokens', 'list', '--unused', '--as', 'admin')).out).toContain('no such token');
    expect(await portreeve('identity', 'tokens', 'create', 'x', '--days', 'many')).toMatchObject({ code: 2 });
  });

  test('B5: an agent is shown whole, found by its name, and a name that nobody has is said', async () => {
    const shown = await portreeve('identity', 'agents', 'show', 'active-agent');
    expect(shown.out).toMatch(
      /^Agent active-agent \(active\)\n {2}id +prn_\w+\n {2}owner +prn_\w+\n {2}purpose +a test\n/,
    );
    const retired = await portreeve('identity', 'agents', 'retire', 'active-agent', '--reason', 'no longer needed');
    expect(retired.out).toBe('✓ active-agent is retired.\n');
    const twice = await portreeve('identity', 'agents', 'retire', 'active-agent', '--reason', 'again', '--json');
    expect([twice.code, documentIn(twice).error.code]).toEqual([1, 'conflict']);
    const none = await portreeve('identity', 'agents', 'show', 'no-such-agent', '--json');
    expect([none.code, documentIn(none).error.code]).toEqual([1, 'not_found']);
    const never = await portreeve('identity', 'agents', 'register', 'x', '--purpose', 'y', '--review-by', 'someday');
    expect(never).toMatchObject({ code: 2, out: '' });
  });

  test('H8: a report is shown, and written in the form that the ending or --format says, once', async () => {
    const shown = await portreeve('evidence', '--framework', 'owasp-agentic');
    expect(shown).toMatchObject({ code: 0, err: '' });
    expect(shown.out).toMatch(/^OWASP Top 10 for Agentic Applications, 20.*\n.*ASI01 Agent Goal Hijack\n/);
    expect(shown.out).toMatch(/\d+ shown, \d+ partly, \d+ contrary, \d+ gaps; \d+ records proved/);
    const written = async (name: string, ...more: string[]) => {
      const out = join(here.folder, name);
      const made = await portreeve('evidence', '--framework', 'soc-2', '--out', out, ...more);
      expect(made.code, made.err).toBe(0);
      return readFile(out, 'utf8');
    };
    expect(await written('report.html')).toMatch(/^<!doctype html>/);
    expect(JSON.parse(await written('report.json'))).toMatchObject({ format: 'portreeve-evidence@v1' });
    expect(JSON.parse(await written('report.txt', '--format', 'oscal'))).toHaveProperty('assessment-results');
    const again = await portreeve('evidence', '--framework', 'soc-2', '--out', join(here.folder, 'report.json'));
    expect(again.code).toBe(1);
    expect(await portreeve('evidence', '--framework', 'soc-2', '--out', 'report.doc')).toMatchObject({ code: 2 });
    expect(await portreeve('evidence', '--framework', 'soc-2', '--format', 'pdf')).toMatchObject({ code: 2 });
    expect(await portreeve('evidence', '--framework', 'pci-dss')).toMatchObject({ code: 2 });
  });

  test('H8: a register is shown row by row, and as CSV with a head', async () => {
    const shown = await portreeve('register', 'ai-systems');
    expect(shown.out).toMatch(/^AI systems in use: 1 rows\n\nincident-summary\n {2}title +Incident summary\n/);
    const lines = (await portreeve('register', 'identities', '--csv')).out.split('\r\n');
    expect(lines[0]).toMatch(/^key,name,kind,owner,purpose/);
    expect(lines.some((line) => line.includes('active-agent,agent,'))).toBe(true);
    expect(await portreeve('register', 'incidents', '--from', 'long ago')).toMatchObject({ code: 2 });
  });

  test('B1: all sessions of an account are ended by an administrator', async () => {
    const { principal } = await (await import('./session.ts')).signIn({ state: here.state, as: 'auditor' }, 'auditor');
    const ended = await portreeve('identity', 'sessions', 'end', '--account', principal.id, '--json');
    expect(documentIn(ended).ended).toBeGreaterThan(0);
    expect(await portreeve('identity', 'sessions', 'end')).toMatchObject({ code: 2 });
    const both = await portreeve('identity', 'sessions', 'end', 'ses_1', '--account', principal.id);
    expect(both).toMatchObject({ code: 2 });
  });

  test('I2: what is listed as text is the same as what --json gives', async () => {
    const { records } = documentIn(await portreeve('audit', 'search', '--type', 'run.submitted', '--json'));
    const asText = await portreeve('audit', 'search', '--type', 'run.submitted');
    expect(asText).toMatchObject({ code: 0, err: '' });
    for (const { entry } of records) expect(asText.out).toMatch(new RegExp(`^${entry.index} .*run\\.submitted`, 'm'));
    expect((await portreeve('audit', 'search', '--words', 'nosuchword')).out).toContain('No record fits.');
    expect((await portreeve('queue', 'list', '--done')).out).toContain(made.handoff);
  });

  /** Another approver, and the lead’s leave for them. */
  async function newStandIn(): Promise<Pick<Made, 'standIn' | 'group' | 'delegation'>> {
    const { signIn } = await import('./session.ts');
    const admin = await signIn({ state: here.state, as: 'admin' }, 'admin');
    const lead = await signIn({ state: here.state, as: 'lead' }, 'approver');
    const account = { name: 'stand-in', kind: 'person', roles: ['approver'], groups: [] };
    const { id: standIn } = await admin.client.call('POST', '/v1/accounts', account);
    const { principal } = await lead.client.call('GET', '/v1/session');
    const [group] = principal.groups;
    const until = new Date(Date.now() + 86_400_000).toISOString();
    const wish = { delegate: standIn, groups: [group], until, reason: 'a test' };
    const { id: delegation } = await lead.client.call('POST', '/v1/approval-delegations', wish);
    return { standIn, group: group as string, delegation };
  }

  /** Given by another person at another place, while this process waits in `run --wait`. */
  async function approveOutOfBand(approval: string, verdict: 'approve' | 'deny'): Promise<void> {
    const { signIn } = await import('./session.ts');
    const { signVerdict } = await import('./sign.ts');
    const lead = await signIn({ state: here.state, as: 'lead' }, 'approver');
    const view = await lead.client.call('GET', `/v1/approvals/${approval}`);
    await lead.client.call('POST', `/v1/approvals/${approval}/verdicts`, await signVerdict(lead, view, verdict, ''));
  }
});
