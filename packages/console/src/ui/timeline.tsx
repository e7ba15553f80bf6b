import type { ReactNode } from 'react';
import type { RunRecord } from '../api/live-run.ts';
import { Link } from '../app/link.tsx';
import { STAGES, sentenceOf, stageStates, toneOfRecord } from '../pages/stages.ts';
import { StateBadge } from './badge.tsx';
import { Text } from './text.tsx';
import { clockOf } from './time.tsx';

const STATE_WORDS = { open: 'not reached', done: 'passed', now: 'here now', stopped: 'stopped here' } as const;

/** The way of a task, with where it is. */
export function StageBar({ records }: { readonly records: readonly RunRecord[] }): ReactNode {
  const states = stageStates(records);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <ol className="stages" aria-label="Stages" tabIndex={0}>
      {STAGES.map((stage) => (
        <li key={stage} data-state={states[stage]} aria-current={states[stage] === 'now' ? 'step' : undefined}>
          {stage}
          <span className="visually-hidden">, {STATE_WORDS[states[stage]]}</span>
        </li>
      ))}
    </ol>
  );
}

/** A verdict to approve is no question any more. */
function outcomeOf({ type, outcome }: RunRecord['entry']): string {
  return type === 'approval.verdict' && outcome === 'approve' ? 'approved' : outcome;
}

/** What happened, in the order of the record; each line leads to its record for who may read it. */
export function Timeline({
  records,
  linked,
  faults,
}: {
  readonly records: readonly RunRecord[];
  readonly linked: boolean;
  /** What is wrong with a record, by its index. */
  readonly faults?: ReadonlyMap<number, string>;
}): ReactNode {
  return (
    <ol className="timeline">
      {records.map(({ place, entry, data, actor_name }) => {
        const fault = faults?.get(entry.index);
        return (
          <li key={entry.index} className={fault ? 'bad' : toneOfRecord(entry.type, entry.outcome)}>
            <time dateTime={entry.time}>{clockOf(entry.time)}</time>
            <span className="dot" aria-hidden="true" />
            <div>
              <div className="cluster">
                <span className="breakable">
                  <Text>{sentenceOf(entry.type, data)}</Text>
                </span>
                {entry.outcome ? <StateBadge state={outcomeOf(entry)} /> : null}
              </div>
              <div className="small soft cluster">
                <span>
                  <Text>{actor_name ?? entry.actor.id}</Text>
                </span>
                <span>{entry.type}</span>
                {linked ? <Link to={`/audit/${place}`}>record {place}</Link> : null}
              </div>
              {fault ? <p className="note bad">Not as it was recorded: {fault}</p> : null}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
