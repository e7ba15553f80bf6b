import type { Fact } from '../found.ts';
import { ACCESS_FACTS } from './access.ts';
import { ACTION_FACTS } from './actions.ts';
import { APPROVAL_FACTS } from './approvals.ts';
import { CONTEXT_FACTS } from './context.ts';
import { HOUSE_FACTS } from './house.ts';
import { MODEL_FACTS } from './models.ts';
import { RECORD_FACTS } from './record.ts';
import { RELEASE_FACTS } from './releases.ts';

/** Every question that a report may put to the record, by name. A row of a framework names some of them. */
export const FACTS = {
  ...APPROVAL_FACTS,
  ...ACTION_FACTS,
  ...ACCESS_FACTS,
  ...CONTEXT_FACTS,
  ...MODEL_FACTS,
  ...RECORD_FACTS,
  ...HOUSE_FACTS,
  ...RELEASE_FACTS,
} as const satisfies Record<string, Fact>;
export type FactName = keyof typeof FACTS;
