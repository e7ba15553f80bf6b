import type { StateTable } from '@portreeve/contract';

export const REVEAL_STATES = ['waiting', 'allowed', 'refused', 'shown'] as const;
export type RevealState = (typeof REVEAL_STATES)[number];
/** `allow` and `refuse` are acts of a second person, `show` of who asked. */
export type RevealEvent = 'allow' | 'refuse' | 'show';

export const REVEAL_TABLE: StateTable<RevealState, RevealEvent> = {
  waiting: { allow: 'allowed', refuse: 'refused', show: null },
  allowed: { allow: null, refuse: 'refused', show: 'shown' },
  refused: { allow: null, refuse: null, show: null },
  shown: { allow: null, refuse: null, show: null },
};
