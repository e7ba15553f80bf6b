import { type Digest, draft, type RecordDraft, type ReleaseEvent, SYSTEM_ACTOR } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { eventsOf } from './events.ts';

const AT = new Date('2026-11-21T12:00:00.000Z');
const RELEASE = `sha256:${'1'.repeat(64)}` as Digest;
const refs = { workflow: 'case-note', release: RELEASE };

const moved = (event: ReleaseEvent): RecordDraft =>
  draft<'release.moved'>({
    ...{ type: 'release.moved', actor: SYSTEM_ACTOR, refs },
    data: {
      ...{ workflow: 'case-note', release: RELEASE, event, from: 'pilot', to: 'retired' },
      ...{ reason: 'a text that no message carries', other: null, step: 1 },
    },
  });

test('H9 I7: that a pilot was ended is told, whoever ended it, and no other move of a release is', () => {
  expect(eventsOf(moved('withdraw'), AT)).toEqual([
    {
      ...{ kind: 'pilot.withdrawn', about: RELEASE, workflow: 'case-note', groups: null, stage: null },
      ...{ event: `pilot.withdrawn ${RELEASE} ${AT.toISOString()}`, send_at: AT.toISOString() },
    },
  ]);
  for (const event of ['promote', 'pilot', 'retire', 'supersede'] as const)
    expect(eventsOf(moved(event), AT)).toEqual([]);
});

test('H4 I7: a workflow that is suspended by its own thresholds is told as a freeze', () => {
  const frozen = draft<'environment.changed'>({
    ...{ type: 'environment.changed', actor: SYSTEM_ACTOR },
    data: {
      subject: 'freeze:workflow:case-note',
      state: 'everything',
      reason: 'by its own thresholds',
      at: AT.toISOString(),
    } as never,
  });
  expect(eventsOf(frozen, AT)).toMatchObject([
    { kind: 'freeze', about: 'workflow:case-note', workflow: 'case-note', stage: 'everything' },
  ]);
});

test('H2 I7: the owners of what a change touches are told of it, once', () => {
  const opened = draft<'change.opened'>({
    ...{ type: 'change.opened', actor: SYSTEM_ACTOR, refs: { workflow: 'case-note' } },
    data: { change: 'chg_1', owners: ['platform', 'security'] } as never,
  });
  expect(eventsOf(opened, AT)).toMatchObject([
    { kind: 'change.opened', about: 'chg_1', groups: ['platform', 'security'], event: 'change.opened chg_1' },
  ]);
});
