import type { Notified } from '@portreeve/contract';

/** What a message says: a title, a few facts of ours, and the page where a person goes on. */
export interface Message {
  readonly title: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly link: { readonly text: string; readonly url: string };
}

/** What there is to say of one notification, read when it is sent. */
export interface Told {
  readonly kind: Notified;
  readonly about: string;
  readonly workflow: string | null;
  readonly groups: readonly string[] | null;
  /** The tool of a proposal, or why a person is needed. */
  readonly what: string | null;
  /** When the time of an approval or of a hand-off is over. */
  readonly until: string | null;
  readonly stage: string | null;
}

const TITLE_CHARS_MAX = 120;
const VALUE_CHARS_MAX = 160;
const LINES_MAX = 10;

const OPENING: Readonly<Record<Notified, string>> = {
  'approval.opened': 'Approval asked for',
  'approval.reminded': 'Approval still waits',
  'approval.escalated': 'Approval may expire undecided',
  'approval.expiring': 'Approval expires soon',
  'handoff.opened': 'Work for a person',
  'handoff.overdue': 'Work of a person is overdue',
  'oversight.alarm': 'Decisions look like stamping',
  'change.opened': 'Something that workflows rest on was changed',
  'pilot.withdrawn': 'A pilot was ended',
  freeze: 'Frozen',
  stop: 'Everything is stopped',
};
const PAGE: Readonly<Record<Notified, (about: string) => string>> = {
  'approval.opened': (about) => `/approve/${about}`,
  'approval.reminded': (about) => `/approve/${about}`,
  'approval.escalated': (about) => `/approve/${about}`,
  'approval.expiring': (about) => `/approve/${about}`,
  'handoff.opened': (about) => `/queue/${about}`,
  'handoff.overdue': (about) => `/queue/${about}`,
  'oversight.alarm': () => '/oversight',
  'change.opened': (about) => `/changes/${about}`,
  'pilot.withdrawn': (about) => `/releases/${about}`,
  freeze: () => '/environment',
  stop: () => '/environment',
};
/** How far a thaw is, by the stage of a freeze; `everything` is the freeze itself. */
const THAWED: Readonly<Record<string, string>> = {
  effects: 'Thawed for reading',
  'high-tiers': 'Thawed but for the high tiers',
  lifted: 'The freeze is lifted',
};

/**
 * The message of one notification. Nothing in it was written by a requester or a model: names of the configuration, ids,
 * times, and words of ours. Arguments, reasons and rationales stand on the page alone, for who may see them.
 */
export function messageOf(told: Told, origin: string): Message {
  const { kind, about, workflow, groups, what, until, stage } = told;
  const thawed = stage === null || stage === 'everything' ? undefined : (THAWED[stage] ?? stage);
  const opening = thawed ?? OPENING[kind];
  const subject = kind === 'stop' ? (thawed ? 'everything' : '') : kind === 'freeze' ? about : (what ?? '');
  const facts = [
    { name: 'Workflow', value: workflow },
    { name: 'For', value: groups?.join(', ') ?? null },
    { name: kind.startsWith('handoff.') ? 'Due' : 'Expires', value: until },
  ];
  return {
    title: bounded(subject === '' ? opening : `${opening}: ${subject}`, TITLE_CHARS_MAX),
    facts: facts.flatMap(({ name, value }) =>
      value === null || value === '' ? [] : [{ name, value: bounded(value, VALUE_CHARS_MAX) }],
    ),
    link: { text: 'Open in Portreeve', url: new URL(PAGE[kind](encodeURIComponent(about)), origin).href },
  };
}

/** One message in place of many: how much there is of what. */
export function digestOf(told: readonly Told[], origin: string): Message {
  const countByTitle = new Map<string, number>();
  for (const { kind, what } of told) {
    const title = bounded(what === null ? OPENING[kind] : `${OPENING[kind]}: ${what}`, TITLE_CHARS_MAX);
    countByTitle.set(title, (countByTitle.get(title) ?? 0) + 1);
  }
  const lines = [...countByTitle].sort((a, b) => b[1] - a[1]);
  return {
    title: `${told.length} things need somebody`,
    facts: lines.slice(0, LINES_MAX).map(([name, count]) => ({ name, value: String(count) })),
    link: { text: 'Open in Portreeve', url: new URL('/inbox', origin).href },
  };
}

export function testMessage(channel: string, origin: string): Message {
  return {
    title: `Portreeve can reach ${bounded(channel, VALUE_CHARS_MAX)}`,
    facts: [{ name: 'Why', value: 'Somebody tried this channel. Nothing is to be done.' }],
    link: { text: 'Open in Portreeve', url: new URL('/', origin).href },
  };
}

/** On one line, without controls or invisible characters, and cut where it is too long. */
export function bounded(text: string, chars_max: number): string {
  const plain = text
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const chars = Array.from(plain);
  return chars.length <= chars_max ? plain : `${chars.slice(0, chars_max - 1).join('')}…`;
}
