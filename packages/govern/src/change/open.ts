import {
  type ChangeKind,
  type ChangePiece,
  type Clock,
  type Digest,
  draft,
  type Json,
  newId,
  ownerGroups,
  type RecordActor,
  type RecordDraft,
  RISK_TIERS,
  type RiskTier,
  type Tx,
  type WorkflowContract,
} from '@portreeve/contract';
import { toldTo } from '../release/diff/planted.ts';
import { placeOf } from './move.ts';
import type { ChangeStore } from './ports.ts';

/** Lines of a change that are put on record and shown to who approves; the register has all. */
const SAID_MAX = 50;
const SAID_CHARS_MAX = 400;
/** What a record names of them: what is written beside an answer of a model is never too long to be written. */
const WORKFLOWS_MAX = 1000;
const OWNERS_MAX = 3000;
/** Pieces of one change, and lines of one piece, that the register keeps. */
const PIECES_MAX = 500;
const LINES_MAX = 200;
const LINE_CHARS_MAX = 2000;

export interface OpenedBy {
  readonly kind: ChangeKind;
  readonly subject: string;
  readonly from: Digest | null;
  readonly to: Digest;
  readonly after?: Json;
  readonly touched: Touched;
  readonly pieces: readonly ChangePiece[];
  readonly reason: string;
  readonly actor: RecordActor;
}

/** What a change touches, and who speaks for that. */
export interface Touched {
  readonly workflows: readonly string[];
  readonly owners: readonly string[];
  readonly risk: RiskTier;
}

/** The owners of all these workflows speak together. */
export function touchedBy(contracts: readonly Pick<WorkflowContract, 'name' | 'owners' | 'tier'>[]): Touched {
  const tiers = contracts.map(({ tier }) => RISK_TIERS.indexOf(tier));
  return {
    workflows: contracts.map(({ name }) => name).sort(),
    owners: [...new Set(contracts.flatMap(({ owners }) => ownerGroups(owners)))].sort(),
    risk: RISK_TIERS[Math.max(0, ...tiers)]!,
  };
}

/** Opens a change, and gives the record of it, to be appended last; none where a live one is there already. */
export async function openChange(
  { changes, clock }: { readonly changes: Pick<ChangeStore, 'open'>; readonly clock: Clock },
  tx: Tx,
  { kind, subject, from, to, after = null, touched, pieces: all, reason, actor }: OpenedBy,
): Promise<RecordDraft[]> {
  const change = newId('change', clock);
  const told = toldTo(all, false);
  const { workflows, owners, risk } = touched;
  // What loosens is read first, and is the last to be left out.
  const pieces = all
    .toSorted((a, b) => Number(b.loosens) - Number(a.loosens))
    .slice(0, PIECES_MAX)
    .map((piece) => ({ ...piece, lines: piece.lines.slice(0, LINES_MAX).map(cut) }));
  const about = { change, kind, subject, from, to, workflows, owners, risk, reason };
  const opened_at = clock.now().toISOString();
  if (!(await changes.open(tx, { ...about, after, pieces, opened_by: actor.id, opened_at }))) return [];
  return [
    draft({
      type: 'change.opened',
      actor,
      refs: placeOf(about),
      outcome: kind,
      data: {
        ...about,
        ...{ workflows: workflows.slice(0, WORKFLOWS_MAX), owners: owners.slice(0, OWNERS_MAX), says: saidOf(pieces) },
        ...{ pieces: told.length, looser: told.filter(({ loosens }) => loosens).length },
      },
    }),
  ];
}

const cut = (line: string) =>
  line.length <= LINE_CHARS_MAX ? line : `${line.slice(0, LINE_CHARS_MAX).toWellFormed()}…`;

/** The pieces of a change, a line each, those that loosen first; as those who approve may read them. */
export function saidOf(pieces: readonly ChangePiece[]): string[] {
  return toldTo(pieces, false)
    .slice(0, SAID_MAX)
    .map(({ area, text, loosens }) => `${loosens ? 'looser: ' : ''}${area}: ${text}`.slice(0, SAID_CHARS_MAX));
}
