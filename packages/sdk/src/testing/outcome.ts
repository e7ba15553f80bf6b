import {
  type ActOutcome,
  asId,
  type Decision,
  digestOf,
  type Json,
  type Label,
  type ToolContract,
} from '@portreeve/contract';
import type { TestValues } from './values.ts';

/** How a tool of a test answers. */
export type TestOutcome =
  | { readonly status: 'succeeded'; readonly result?: Json | undefined }
  | { readonly status: 'failed'; readonly reason?: string | undefined }
  | { readonly status: 'unknown' }
  | { readonly status: 'refused'; readonly message?: string; readonly decision?: Decision }
  | { readonly status: 'denied'; readonly by?: 'person' | 'time-out' };

export function toActOutcome(
  outcome: TestOutcome,
  tool: ToolContract,
  values: TestValues,
  influence: Label,
  number: number,
): ActOutcome {
  const execution = asId('execution', `exec_test_${number}`);
  switch (outcome.status) {
    case 'succeeded':
      // What a downstream system answers is data from outside.
      return {
        status: 'succeeded',
        execution,
        result: values.make(outcome.result ?? {}, { ...influence, integrity: 'untrusted' }),
        narrowed: [],
      };
    case 'failed':
      return { status: 'failed', execution, reason: outcome.reason ?? 'the downstream refused' };
    case 'unknown':
      return { status: 'unknown', execution, handoff: asId('handoff', `hand_test_${number}`) };
    case 'denied':
      return { status: 'denied', approval: asId('approval', `appr_test_${number}`), by: outcome.by ?? 'person' };
    case 'refused':
      return {
        status: 'refused',
        decision: outcome.decision ?? refusal(tool, outcome.message ?? 'refused by the test', number),
      };
  }
}

function refusal(tool: ToolContract, message: string, number: number): Decision {
  return {
    id: asId('decision', `dec_test_${number}`),
    outcome: 'refuse',
    layers: [{ layer: 'action', effect: 'forbid', rules: ['test'], errors: [] }],
    reasons: [{ layer: 'action', rule: 'test', code: 'rule_forbids', text: message }],
    remedies: [],
    notify: [],
    next: 'Change the test.',
    policy_version: digestOf('test'),
    request_digest: digestOf(tool.name),
  };
}
