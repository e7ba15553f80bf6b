import type { ReactNode } from 'react';
import { type Answer, api } from '../api/client.ts';
import { Link } from '../app/link.tsx';
import { Change } from '../ui/change.tsx';
import { Text } from '../ui/text.tsx';

export type Asked = Answer<'POST /v1/releases/:release/promotions'>;

/** What became of what was asked for: done, refused with the reason, or with the people who decide. */
export function DeskNote({
  asked,
}: {
  readonly asked: Pick<Asked, 'status' | 'approval' | 'reason' | 'tool'> | null;
}): ReactNode {
  if (asked === null) return null;
  const { status, approval, reason, tool } = asked;
  const tone = status === 'succeeded' ? 'good' : status === 'refused' || status === 'failed' ? 'bad' : 'warn';
  return (
    <p className={`note ${tone}`} role="status">
      {status === 'succeeded' ? 'It is done. ' : null}
      {status === 'waiting' ? 'The owners of the workflow were asked to agree. ' : null}
      {status === 'refused' || status === 'failed' ? 'Nothing was done. ' : null}
      {status === 'waiting' || status === 'succeeded' ? null : <Text>{reason ?? `${tool}: ${status}`}</Text>}
      {approval === null ? null : (
        <Link to="/inbox" search={{ at: approval }}>
          The request in the inbox
        </Link>
      )}
    </p>
  );
}

interface Acting {
  readonly onAsked: (asked: Asked) => void;
  readonly onClose: () => void;
}

/** To the release that was in production before, or to one that is named. The reason is what stands on record. */
export function RollBack({
  workflow,
  to,
  onAsked,
  onClose,
}: Acting & { readonly workflow: string; readonly to: string | null }): ReactNode {
  const params = { name: workflow };
  return (
    <Change
      title={`Roll back ${workflow}`}
      explained={`New runs take ${to === null ? 'the release that was in production before' : 'this release again'}, at once and without an approval: the owners agreed to it once, and are told. Runs under way keep theirs.`}
      verb="Roll back now"
      change={async (reason) => {
        const body = { reason, ...(to === null ? {} : { to }) };
        onAsked(await api.call('POST /v1/workflows/:name/rollbacks', { params, body }));
      }}
      onClose={onClose}
    />
  );
}

/** The next state on the way to production. */
export function Promote({
  release,
  on,
  onAsked,
  onClose,
}: Acting & { readonly release: string; readonly on: 'stage' | 'promote' }): ReactNode {
  return (
    <Change
      title={on === 'stage' ? 'Stage this release' : 'Let this release go on'}
      explained={
        on === 'stage'
          ? 'An owner of the workflow is asked to agree. No run takes it by that.'
          : 'Two people of the workflow’s owners are asked to agree, and see what loosens. It enters the next step of its rollout, or, where none is left, new runs take it.'
      }
      verb="Ask the owners"
      change={async (reason) => {
        onAsked(await api.call('POST /v1/releases/:release/promotions', { params: { release }, body: { reason } }));
      }}
      onClose={onClose}
    />
  );
}

const MOVES = {
  test: {
    title: 'Let it be tested',
    explained: 'Reports of its tests and of its red team can then lead it on. No run takes it by that.',
  },
  retire: { title: 'Give it up', explained: 'It goes no further. It can be tested anew later.' },
  withdraw: {
    title: 'End the pilot',
    explained: 'The release before goes on for everybody. Runs under way keep theirs.',
  },
  bar: {
    title: 'Bar it for ever',
    explained: 'No run of it starts or goes on, and nobody can lift that again. What waits in its runs goes to people.',
  },
} as const;
export type Move = keyof typeof MOVES;

export function MoveRelease({
  release,
  event,
  onClose,
}: {
  readonly release: string;
  readonly event: Move;
  readonly onClose: () => void;
}): ReactNode {
  const { title, explained } = MOVES[event];
  const params = { release };
  return (
    <Change
      title={title}
      explained={explained}
      verb={title}
      change={(reason) =>
        event === 'bar'
          ? api.call('POST /v1/releases/:release/bar', { params, body: { reason } })
          : api.call('POST /v1/releases/:release/events', { params, body: { event, reason } })
      }
      onClose={onClose}
    />
  );
}
