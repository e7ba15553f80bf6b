import type { ReactNode } from 'react';

export type Tone = 'good' | 'warn' | 'bad' | 'accent' | 'untrusted' | 'plain';

/** States as they are said everywhere: the words of the house in plain English, and never by colour alone. */
const STATES: Readonly<Record<string, readonly [Tone, string]>> = {
  completed: ['good', 'completed'],
  succeeded: ['good', 'succeeded'],
  approved: ['good', 'approved'],
  permit: ['good', 'permitted'],
  active: ['good', 'active'],
  valid: ['good', 'valid'],
  flagged: ['untrusted', 'with findings'],
  invalid: ['bad', 'invalid'],
  working: ['good', 'working'],
  done: ['good', 'done'],
  running: ['accent', 'running'],
  submitted: ['accent', 'submitted'],
  queued: ['accent', 'queued'],
  notify: ['accent', 'permitted, people told'],
  pending: ['warn', 'waits for people'],
  waiting: ['warn', 'waits'],
  approve: ['warn', 'asks for approval'],
  narrow: ['warn', 'narrowed'],
  open: ['warn', 'open'],
  handed_off: ['warn', 'handed off'],
  unknown: ['warn', 'outcome unknown'],
  proposed: ['warn', 'proposed'],
  suspended: ['warn', 'suspended'],
  failing: ['bad', 'failing'],
  ahead: ['bad', 'ahead of the log'],
  refused: ['bad', 'refused'],
  refuse: ['bad', 'refused'],
  denied: ['bad', 'denied'],
  deny: ['bad', 'denied'],
  failed: ['bad', 'failed'],
  broken: ['bad', 'broken'],
  production: ['good', 'in production'],
  pass: ['good', 'pass'],
  passed: ['good', 'passed'],
  shown: ['good', 'shown'],
  testing: ['accent', 'testing'],
  staging: ['accent', 'staging'],
  pilot: ['warn', 'in a pilot'],
  partly: ['warn', 'partly'],
  fail: ['bad', 'fail'],
  contrary: ['bad', 'contrary'],
  barred: ['bad', 'barred for ever'],
  kept: ['good', 'kept'],
  missed: ['bad', 'missed'],
  rejected: ['bad', 'rejected'],
  settled: ['good', 'settled elsewhere'],
  expired: ['plain', 'expired'],
  withdrawn: ['plain', 'withdrawn'],
  retired: ['plain', 'retired'],
};

export function Badge({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }): ReactNode {
  return <span className={`badge ${tone}`}>{children}</span>;
}

export function StateBadge({ state }: { readonly state: string }): ReactNode {
  const [tone, words] = STATES[state] ?? (['plain', state.replaceAll('_', ' ')] as const);
  return <Badge tone={tone}>{words}</Badge>;
}

export function toneOf(state: string): Tone {
  return STATES[state]?.[0] ?? 'plain';
}
