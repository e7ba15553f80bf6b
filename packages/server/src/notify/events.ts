import type { Notified, RecordData, RecordDraft, RecordType } from '@portreeve/contract';
import type { NewNotification } from './ports.ts';

/** Something that somebody may have to know, before it is known by which channel. */
export type NotifiedEvent = Omit<NewNotification, 'channel' | 'created_at'>;

/** Which part of an approval's time is over when its groups are told that it is about to expire. */
const EXPIRING_SHARE = 0.95;

type Reader<T extends RecordType> = (
  draft: RecordDraft & { readonly data: RecordData<T> },
  at: Date,
) => NotifiedEvent[];

/** What of the record concerns people who are not looking. */
const READERS: { readonly [T in RecordType]?: Reader<T> } = {
  'approval.requested': ({ refs = {}, data }, at) => {
    const { approval: about = '' } = refs;
    const { groups } = data;
    const left_ms = Date.parse(data.expires_at) - at.getTime();
    const later = new Date(at.getTime() + Math.floor(left_ms * EXPIRING_SHARE));
    const of = (kind: Notified, when: Date) => event(kind, about, { refs, groups, send_at: when });
    return [of('approval.opened', at), of('approval.expiring', later)];
  },
  'approval.nudged': ({ refs = {}, data }, at) => [
    event(data.kind === 'remind' ? 'approval.reminded' : 'approval.escalated', refs.approval ?? '', {
      ...{ refs, groups: data.groups, send_at: at },
    }),
  ],
  'handoff.opened': ({ refs = {} }, at) => [event('handoff.opened', refs.handoff ?? '', { refs, send_at: at })],
  'handoff.escalated': ({ refs = {}, data }, at) => [
    event('handoff.overdue', refs.handoff ?? '', {
      ...{ refs, send_at: at, once: String(data.level) },
      ...(data.group === null ? {} : { groups: [data.group] }),
    }),
  ],
  'oversight.alarm': ({ refs = {}, key = '', data }, at) => [
    event('oversight.alarm', data.alarm, { refs, groups: data.groups, send_at: at, once: key }),
  ],
  'change.opened': ({ refs = {}, data }, at) => [
    event('change.opened', data.change, { refs, groups: data.owners, send_at: at }),
  ],
  'release.moved': ({ refs = {}, data }, at) =>
    data.event === 'withdraw'
      ? [event('pilot.withdrawn', data.release, { refs, send_at: at, once: at.toISOString() })]
      : [],
  'environment.changed': ({ data }, at) => {
    const about = /^freeze:(.+)$/.exec(data.subject)?.[1];
    if (about === undefined) return [];
    const workflow = /^workflow:(.+)$/.exec(about)?.[1];
    return [
      event(about === 'all' ? 'stop' : 'freeze', about, {
        ...{ refs: workflow === undefined ? {} : { workflow }, send_at: at, stage: data.state },
        once: `${data.state} ${at.toISOString()}`,
      }),
    ];
  },
};

/** What a record that is about to be written tells people of. */
export function eventsOf(draft: RecordDraft, at: Date): NotifiedEvent[] {
  return (READERS[draft.type] as Reader<RecordType> | undefined)?.(draft, at) ?? [];
}

function event(
  kind: Notified,
  about: string,
  more: {
    readonly refs: NonNullable<RecordDraft['refs']>;
    readonly send_at: Date;
    readonly groups?: readonly string[];
    readonly stage?: string;
    /** What makes it another event than an earlier one of the same kind about the same. */
    readonly once?: string;
  },
): NotifiedEvent {
  const { refs, send_at, groups, stage, once } = more;
  return {
    ...{ kind, about, workflow: refs.workflow ?? null, groups: groups ?? null, stage: stage ?? null },
    event: [kind, about, ...(once === undefined ? [] : [once])].join(' '),
    send_at: send_at.toISOString(),
  };
}
