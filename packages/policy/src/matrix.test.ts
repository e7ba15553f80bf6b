import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ROLES, type Role } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { OPERATION_IDS } from './operations.ts';
import { POLICY_SCHEMA } from './schema.ts';
import { baselinePolicies } from './sources.ts';
import { apiRequest, person } from './testing/index.ts';
import { engineOf } from './testing/policies.ts';

const engine = engineOf(baselinePolicies());
const permits = (operation: string, roles: readonly Role[]) =>
  engine.decide(apiRequest(operation, roles)).outcome === 'permit';

/** Two blanks behind the longest name. */
const NAME_WIDTH = Math.max(...OPERATION_IDS.map((name) => name.length)) + 2;

function matrix(): string {
  const columns = ['(no role)', ...ROLES];
  const row = (name: string, marks: readonly string[]) =>
    `${name.padEnd(NAME_WIDTH)}${marks.map((mark, index) => mark.padEnd(columns[index]!.length + 2)).join('')}`.trimEnd();
  const rows = OPERATION_IDS.map((operation) =>
    row(
      operation,
      columns.map((_, index) => (permits(operation, index === 0 ? [] : [ROLES[index - 1]!]) ? 'yes' : '.')),
    ),
  );
  return [
    '# Which role may use which operation, by the baseline policy, for a person who acts for themselves.',
    '# Generated: UPDATE_MATRIX=1 npx vitest run packages/policy/src/matrix.test.ts. Review every change of it.',
    row('', columns),
    ...rows,
    '',
  ].join('\n');
}

/** Compares a generated text with its file, or writes it when UPDATE_MATRIX=1. */
function expectFile(path: string, text: string): void {
  const file = fileURLToPath(new URL(path, import.meta.url));
  if (process.env.UPDATE_MATRIX === '1') writeFileSync(file, text);
  expect(
    readFileSync(file, 'utf8'),
    `If you are here because this failed, the policy or the schema changed: run with UPDATE_MATRIX=1 and review ${path}.`,
  ).toBe(text);
}

test('C8: the matrix of roles and operations is the reviewed one', () => {
  expectFile('../baseline/matrix.txt', matrix());
});

test('C8: the schema file beside the rules is the one in force', () => {
  expectFile('../schema.cedarschema', POLICY_SCHEMA);
});

/** What whoever has a role may do with what is their own. */
const SELF = [
  'session.prove',
  'session.rotate',
  'sessions.read',
  'sessions.end',
  'tokens.read',
  'delegations.create',
  ...(['passkeys.read', 'passkeys.enrol', 'passkeys.revoke'] as const),
] as const;
/** The same promise in words, by hand, so that an update of the matrix alone cannot change it. */
const PROMISED: Record<Role, readonly string[]> = {
  requester: [
    ...SELF,
    'runs.submit',
    'runs.read',
    ...['mcp.use', 'proposals.submit', 'proposals.read', 'intents.declare'],
    'executions.read',
    'executions.undo',
    'approvals.read',
    'approvals.confirm',
    'approvals.withdraw',
    'signing_key.register',
    'tokens.create',
    'tokens.rotate',
  ],
  approver: [
    ...SELF,
    'approvals.read',
    'approvals.decide',
    'approvals.amend',
    'oversight.read',
    'approvals.delegations',
    'approvals.delegate',
    'runs.read',
    'signing_key.register',
    'policy.explain',
    'releases.read',
    'changes.read',
    'changes.reject',
  ],
  operator: [
    ...SELF,
    'agents.read',
    'tokens.rotate',
    'environment.freeze',
    'environment.thaw',
    ...['audit.erasures', 'audit.erase', 'audit.hold'],
    ...['queue.read', 'queue.take', 'queue.assign', 'queue.escalate', 'queue.finish'],
    ...['metrics.read', 'system.diagnose', 'workflows.readiness'],
    'executions.read',
    'runs.read',
    'approvals.read',
    'policy.explain',
    'policy.replay',
    ...['definitions.read', 'definitions.decide'],
    ...['releases.read', 'releases.add', 'releases.attest', 'releases.move', 'releases.bar'],
    ...['changes.read', 'changes.approve', 'changes.reject'],
    'tokens.create',
  ],
  auditor: [
    ...SELF,
    ...[
      'audit.read',
      'audit.export',
      'audit.verify',
      'audit.erasures',
      'audit.reveal',
      'audit.reveals',
      'runs.read',
      'approvals.read',
      'queue.read',
    ],
    ...['agents.read', 'tokens.unused', 'executions.read', 'definitions.read', 'metrics.read'],
    ...['policy.explain', 'policy.replay', 'oversight.read', 'workflows.readiness', 'releases.read', 'changes.read'],
    ...['evidence.read', 'registers.read'],
  ],
  admin: [
    ...SELF,
    ...['accounts.end_sessions', 'agents.register', 'agents.read', 'agents.change', 'tokens.rotate', 'tokens.unused'],
    ...['accounts.create', 'accounts.list', 'tokens.create', 'executions.read', 'metrics.read', 'passkeys.manage'],
    ...['audit.erasures', 'audit.erase', 'audit.confirm_erasure', 'audit.hold', 'audit.lift_hold'],
    'audit.rotate_keys',
    'audit.reveals',
    'audit.allow_reveal',
    'backups.make',
    'system.diagnose',
    'oversight.read',
    'notifications.try',
    ...['environment.freeze', 'environment.thaw', 'runs.read', 'approvals.read'],
    ...['queue.read', 'queue.take', 'queue.assign', 'queue.escalate', 'queue.finish'],
    ...['policy.explain', 'policy.replay', 'definitions.read', 'definitions.decide', 'workflows.readiness'],
    ...['releases.read', 'releases.add', 'releases.attest', 'releases.move', 'releases.bar'],
    ...['changes.read', 'changes.approve', 'changes.reject'],
  ],
  enforcer: ['authzen.evaluate'],
};
const EVERYONE = [
  'session.read',
  'session.end',
  'workflows.list',
  'system.read',
  'notices.read',
  'environment.read',
  'tokens.revoke',
];

test.each(ROLES)('B1: the role %s may do what is promised and nothing else', (role) => {
  expect(OPERATION_IDS.filter((operation) => permits(operation, [role])).sort()).toEqual(
    [...EVERYONE, ...PROMISED[role]].sort(),
  );
});

test('roles add up', () => {
  const both = OPERATION_IDS.filter((operation) => permits(operation, ['approver', 'auditor']));
  expect(both.sort()).toEqual([...new Set([...EVERYONE, ...PROMISED.approver, ...PROMISED.auditor])].sort());
});

test.each(['runs.delete', 'audit.delete', 'act', 'work.all', 'constructor.name', 'api.change'])(
  'C1: the operation %s is unknown, so every layer denies it for every role',
  (operation) => {
    const decision = engine.decide(apiRequest(operation, ROLES));
    expect(decision.outcome).toBe('refuse');
    if (operation !== 'act') expect(decision.layers.every((layer) => layer.effect === 'default-deny')).toBe(true);
  },
);

test.each(['approvals.decide', 'approvals.amend', 'approvals.confirm'])(
  'F4: %s is for a person, for themselves only',
  (operation) => {
    const outcome = (over: Parameters<typeof person>[1]) =>
      engine.decide({ ...apiRequest(operation), principal: person(['requester', 'approver'], over) });
    expect(outcome({}).outcome).toBe('permit');
    for (const over of [
      { kind: 'service' as const },
      { kind: 'agent' as const },
      { act: [{ id: 'agent:triage', kind: 'agent' as const }] },
    ]) {
      const decision = outcome(over);
      expect(decision.outcome).toBe('refuse');
      expect(decision.reasons.map((reason) => reason.code)).toEqual(['people_only']);
    }
  },
);

test('B4: an agent that acts for somebody changes no account, agent or credential of theirs', () => {
  const act = [{ id: 'prn_agent', kind: 'agent' as const }];
  for (const operation of [
    ...['accounts.create', 'accounts.end_sessions', 'agents.register', 'agents.change', 'delegations.create'],
    'definitions.decide',
    ...[
      'session.prove',
      'session.rotate',
      'sessions.end',
      'signing_key.register',
      'tokens.create',
      'tokens.rotate',
      'tokens.revoke',
    ],
    ...['passkeys.enrol', 'passkeys.revoke', 'passkeys.manage'],
  ]) {
    const decision = engine.decide({ ...apiRequest(operation), principal: person([...ROLES], { act }) });
    expect(
      decision.reasons.map((reason) => reason.code),
      operation,
    ).toEqual(['in_person_only']);
  }
});
