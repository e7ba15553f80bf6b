import type { Digest, EnvironmentName } from '@portreeve/contract';
import { credentials, records, undo, unknownOutcomes, validation } from './actions.ts';
import { boundaries } from './boundaries.ts';
import { rated, scope, steps, tier } from './classification.ts';
import { changes, golden, redTeam, rollback, tests, thresholds } from './evidence.ts';
import type { Finding, ReadinessInput, ReadinessItem } from './item.ts';
import { acceptableUse, approvers, owners, regulation } from './people.ts';
import { offPattern, outage, structured } from './questions.ts';

/**
 * The item that stands in the way of a promotion and of no run: a vendor that answers by another model must not be able to
 * stop a house. A workflow that wants to stop says so (`unreviewed_model`).
 */
export const UNREVIEWED = 'changes';

/** Every item, in the order in which it is told: who, what, how, and what was tried. */
const ITEMS: readonly (readonly [
  id: string,
  requirement: string,
  title: string,
  find: (input: ReadinessInput) => Finding,
])[] = [
  ['tier', 'A1', 'Risk tier', tier],
  ['rated', 'A2', 'Data and actions rated', rated],
  ['scope', 'A3', 'Scope declared', scope],
  ['steps', 'A4', 'Steps identified and classified', steps],
  ['owners', 'A5', 'Owners named', owners],
  ['acceptable-use', 'A5', 'Acceptable use stated', acceptableUse],
  ['boundaries', 'A6', 'Data boundaries answered', boundaries],
  ['regulation', 'H5', 'Regulation mapped', regulation],
  ['approvers', 'F4', 'Enough people may approve', approvers],
  ['structured-output', 'E3', 'Answers have a closed form', structured],
  ['off-pattern', 'E7', 'Answers off the pattern are somebody’s', offPattern],
  ['outage', 'E6', 'Outages have a declared result', outage],
  ['credentials', 'E9', 'Credentials', credentials],
  ['validation', 'F2', 'Arguments are validated', validation],
  ['records', 'G2', 'Records', records],
  ['undo', 'F10', 'What is done can be taken back', undo],
  ['unknown', 'F9', 'Unknown outcomes are somebody’s', unknownOutcomes],
  ['rollback', 'H1', 'Way back', rollback],
  [UNREVIEWED, 'H2', 'Changes agreed to by its owners', changes],
  ['decisions', 'C8', 'Golden decisions', golden],
  ['tests', 'H1', 'Tests of this release', tests],
  ['red-team', 'H3', 'Red team of this release', redTeam],
  ['thresholds', 'H4', 'Thresholds met', thresholds],
];

export const READINESS_ITEMS: readonly string[] = ITEMS.map(([id]) => id);

export interface Readiness {
  readonly workflow: string;
  readonly release: Digest;
  readonly environment: EnvironmentName;
  /** Whether no item failed. */
  readonly ready: boolean;
  readonly items: readonly ReadinessItem[];
}

/**
 * Whether a workflow may go live (requirement H5), item by item, each that fails with what to write where. Nothing is
 * weighed against anything else: one item that fails is enough. What an item cannot see from here is not applicable, with
 * the reason; what a person only says (`regulation`, `owners`) is checked to be said.
 */
export function readinessOf(input: ReadinessInput): Readiness {
  const items = ITEMS.map(
    ([id, requirement, title, find]): ReadinessItem => ({ id, requirement, title, ...find(input) }),
  );
  const { contract, release, environment } = input;
  return { workflow: contract.name, release, environment, ready: items.every(({ state }) => state !== 'fail'), items };
}
