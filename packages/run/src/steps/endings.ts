import type { Decision, PortreeveError, RecordRefs } from '@portreeve/contract';
import type { Ending } from '../stop.ts';

export function refuses(decision: Decision): boolean {
  return decision.outcome !== 'permit' && decision.outcome !== 'notify';
}

export function refusal(decision: Decision, otherwise: string): Ending {
  const text = decision.reasons.map((reason) => reason.text).join(' ');
  return { event: 'stop', text: text || otherwise, next: decision.next };
}

/** A wrong case or query is the requester's to correct; anything else is work for a person. */
export function sourceEnding(source: string, error: PortreeveError): Ending {
  const text = `The source ${source} could not be read: ${error.detail}`;
  if (error.code === 'unknown_case' || error.code === 'bad_input') return { event: 'fail', text, next: error.next };
  return {
    event: 'hand_off',
    text,
    next: error.next,
    handoff: { kind: 'source_failed', context: { source, code: error.code, reason: error.detail } },
  };
}

export function decisionRefs(decision: Decision): RecordRefs {
  return { decision: decision.id, policy_version: decision.policy_version };
}
