import { PortreeveError, type StateTable, step } from '@portreeve/contract';

export const AGENT_STATES = ['proposed', 'active', 'suspended', 'retired'] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** `lapse` comes from the clock, when the review date has passed; the rest from people. */
export const AGENT_EVENTS = ['activate', 'review', 'suspend', 'lapse', 'reinstate', 'retire'] as const;
export type AgentEvent = (typeof AGENT_EVENTS)[number];

const no = { activate: null, review: null, suspend: null, lapse: null, reinstate: null, retire: null } as const;

/** The life of an agent (requirement B5). See SPEC.md. */
export const AGENT_TABLE: StateTable<AgentState, AgentEvent> = {
  proposed: { ...no, activate: 'active', retire: 'retired' },
  active: { ...no, review: 'active', suspend: 'suspended', lapse: 'suspended', retire: 'retired' },
  suspended: { ...no, reinstate: 'active', retire: 'retired' },
  retired: no,
};

/** The next state. Throws `conflict` where the table refuses the event. */
export function nextAgentState(state: AgentState, event: AgentEvent): AgentState {
  const next = step(AGENT_TABLE, state, event);
  if (next === null) throw new PortreeveError('conflict', `An agent that is ${state} cannot ${event}.`);
  return next;
}
