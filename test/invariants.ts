import type { Status } from './requirements.ts';

export interface Invariant {
  readonly id: string;
  readonly name: string;
  readonly what: string;
  readonly status: Status;
}

const row = (id: string, status: Status, name: string, what: string): Invariant => ({ id, name, what, status });

/** The invariants of the design. Tests cite them as requirements are cited: `test('INV6: …')`, `test('INV6 F9: …')`. */
export const INVARIANTS: readonly Invariant[] = [
  row('INV1', 'thin', 'one gate', 'connectors take only a verified grant, and grants come only from the gate'),
  row('INV2', 'thin', 'default deny', 'an error anywhere in deciding refuses; without policy nothing runs'),
  row('INV3', 'thin', 'nothing acts unrecorded', 'the intent record is durable before the tool is called'),
  row(
    'INV4',
    'thin',
    'the model holds no authority',
    'models and tool credentials live apart; no untrusted system text',
  ),
  row('INV5', 'thin', 'the digest is the promise', 'approval, grant and execution carry the same digest'),
  row('INV6', 'thin', 'once', 'spending a grant and writing the intent are one transaction'),
  row('INV7', 'thin', 'labels only rise', 'lowering a label is itself an action through the gate'),
  row('INV8', 'thin', 'unknown goes to a person', 'an effect of unknown outcome is never repeated by itself'),
  row('INV9', 'thin', 'pinned', 'a run keeps the release, policy and tool versions that it began with'),
  row('INV10', 'thin', 'erase keys, not records', 'what is erased leaves every proof valid'),
];
