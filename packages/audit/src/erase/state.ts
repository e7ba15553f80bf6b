import type { StateTable } from '@portreeve/contract';

export const ERASURE_STATES = ['requested', 'erased', 'refused'] as const;
export type ErasureState = (typeof ERASURE_STATES)[number];
/** `confirm` and `refuse` are acts of a second person. */
export type ErasureEvent = 'confirm' | 'refuse';

export const ERASURE_TABLE: StateTable<ErasureState, ErasureEvent> = {
  requested: { confirm: 'erased', refuse: 'refused' },
  erased: { confirm: null, refuse: null },
  refused: { confirm: null, refuse: null },
};
