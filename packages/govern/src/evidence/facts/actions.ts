import { asId, type RecordType, timeOfId } from '@portreeve/contract';
import { each, type Fact, gap, seen, shown } from '../found.ts';
import type { Look, SeenRecord } from '../look.ts';

/** Those of a type whose whole history is in sight, as far as these types tell it. */
async function since<T extends RecordType>(look: Look, type: T, ...others: readonly RecordType[]) {
  const from = await look.reach(type, ...others);
  return (await look.records(type)).filter(({ time }) => time >= from);
}

const grantsOnce: Fact = async (look) => {
  const intents = await look.records('execution.intent');
  const uses = new Map<string | undefined, number>();
  for (const { refs } of intents) uses.set(refs.grant, (uses.get(refs.grant) ?? 0) + 1);
  return each(intents, ({ refs }) => refs.grant !== undefined && uses.get(refs.grant) === 1, {
    what: 'uses of tools on record',
    holds: 'used up a grant of their own, which no other use names',
    none: 'No use of a tool is on record.',
  });
};

const indexOf = ({ place }: SeenRecord) => Number(place.slice(place.indexOf(':') + 1));

const intentBeforeEffect: Fact = async (look) => {
  const intents = new Map((await look.records('execution.intent')).map((one) => [one.refs.execution, one]));
  const from = await look.reach('execution.intent', 'execution.result');
  const results = (await look.records('execution.result')).filter(
    ({ refs, time }) => time >= from && (intents.has(refs.execution) || !startedBefore(refs.execution, from)),
  );
  return each(
    results,
    (result) => {
      const intent = intents.get(result.refs.execution);
      return intent !== undefined && indexOf(intent) < indexOf(result);
    },
    {
      what: 'results of actions',
      holds: 'stand in the log behind the record of their intent',
      none: 'No result of an action is on record.',
    },
  );
};

/** Whether an execution began before a time, so that its intent is not to be seen: its id says when it was made. */
function startedBefore(execution: string | undefined, from: string): boolean {
  return execution !== undefined && timeOfId(asId('execution', execution)).getTime() < Date.parse(from);
}

const unknownToPeople: Fact = async (look) => {
  const lost = (await since(look, 'execution.result', 'settlement.planned', 'handoff.opened')).filter(
    ({ outcome }) => outcome === 'unknown',
  );
  const taken = new Set(
    [...(await look.records('settlement.planned')), ...(await look.records('handoff.opened'))].map(
      ({ refs }) => refs.proposal,
    ),
  );
  return each(lost, ({ refs }) => taken.has(refs.proposal), {
    what: 'outcomes that nobody knew',
    holds: 'were settled by question or handed to a person, and not simply repeated',
    none: 'No outcome that nobody knew is on record.',
  });
};

const decisionsGiveReasons: Fact = async (look) =>
  each(
    (await look.records('decision.made')).filter(({ data }) => data !== null),
    ({ data }) => data !== null && data.decision.reasons.length > 0,
    {
      what: 'decisions of policy',
      holds: 'name the reasons and the rules that they rest on',
      none: 'No decision of policy is on record.',
    },
  );

const runsPinned: Fact = async (look) =>
  each(await look.records('run.submitted'), ({ refs }) => refs.release !== undefined, {
    what: 'runs',
    holds: 'name the release that they are pinned to',
    none: 'No run is on record.',
  });

const runsEnded: Fact = async (look) => {
  const ended = await look.records('run.ended');
  if (ended.length === 0) return gap('No end of a run is on record.');
  const figures: Record<string, number> = {};
  for (const { outcome } of ended) figures[outcome || 'ended'] = (figures[outcome || 'ended'] ?? 0) + 1;
  const ends = Object.entries(figures).map(([state, count]) => `${count} ${state}`);
  return shown(`Runs on record to their end: ${ended.length} (${ends.join(', ')}).`, ended, figures);
};

export const ACTION_FACTS = {
  'decisions-give-reasons': decisionsGiveReasons,
  'actions-refused': seen(
    'decision.made',
    { what: 'actions were refused by policy', none: 'No action that policy refused is on record.' },
    ({ outcome }) => outcome === 'refuse',
  ),
  'actions-narrowed': seen('proposal.narrowed', {
    what: 'actions were narrowed by policy to less than was asked',
    none: 'No action that policy narrowed is on record.',
  }),
  'grants-once': grantsOnce,
  'grants-refused': seen('grant.refused', {
    what: 'grants were refused at the moment of use',
    none: 'No grant that was refused at the moment of use is on record.',
  }),
  'intent-before-effect': intentBeforeEffect,
  'unknown-to-people': unknownToPeople,
  'effects-taken-back': seen(['undo.ended', 'unwinding.ended'], {
    what: 'effects, or all that a run did, were taken back through the same gate',
    none: 'No effect that was taken back is on record.',
  }),
  'runs-pinned': runsPinned,
  'runs-ended': runsEnded,
  'runs-recovered': seen('run.recovered', {
    what: 'runs of a process that had died were taken up by another',
    none: 'No run that was recovered after a crash is on record.',
  }),
} as const satisfies Record<string, Fact>;
