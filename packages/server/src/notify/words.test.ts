import { NOTIFIED } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { heardOnlyBy, hears } from './choose-channels.ts';
import { mailParts, slackBody, teamsBody } from './formats.ts';
import { bounded, digestOf, messageOf, type Told } from './words.ts';

const ORIGIN = 'https://portreeve.example';
const told = (over: Partial<Told> = {}): Told => ({
  kind: 'approval.opened',
  about: 'appr_1',
  workflow: 'refund',
  groups: ['refund-leads'],
  what: 'pay_refund',
  until: '2026-11-21T10:00:00.000Z',
  stage: null,
  ...over,
});

test('I7: each kind has a title in words of ours, and a link that only opens a page', () => {
  const messages = NOTIFIED.map((kind) => messageOf(told({ kind }), ORIGIN));
  expect(messages.map(({ title, link }) => [title, link.url])).toEqual([
    ['Approval asked for: pay_refund', `${ORIGIN}/approve/appr_1`],
    ['Approval still waits: pay_refund', `${ORIGIN}/approve/appr_1`],
    ['Approval may expire undecided: pay_refund', `${ORIGIN}/approve/appr_1`],
    ['Approval expires soon: pay_refund', `${ORIGIN}/approve/appr_1`],
    ['Work for a person: pay_refund', `${ORIGIN}/queue/appr_1`],
    ['Work of a person is overdue: pay_refund', `${ORIGIN}/queue/appr_1`],
    ['Decisions look like stamping: pay_refund', `${ORIGIN}/oversight`],
    ['Something that workflows rest on was changed: pay_refund', `${ORIGIN}/changes/appr_1`],
    ['A pilot was ended: pay_refund', `${ORIGIN}/releases/appr_1`],
    ['Frozen: appr_1', `${ORIGIN}/environment`],
    ['Everything is stopped', `${ORIGIN}/environment`],
  ]);
  expect(messages[0]!.facts).toEqual([
    { name: 'Workflow', value: 'refund' },
    { name: 'For', value: 'refund-leads' },
    { name: 'Expires', value: '2026-11-21T10:00:00.000Z' },
  ]);
  const stage = (kind: Told['kind'], of: string) =>
    messageOf(told({ kind, about: 'tool:pay_refund', stage: of }), ORIGIN).title;
  expect(stage('freeze', 'everything')).toBe('Frozen: tool:pay_refund');
  expect(stage('freeze', 'effects')).toBe('Thawed for reading: tool:pay_refund');
  expect(stage('stop', 'lifted')).toBe('The freeze is lifted: everything');
});

test('I7: what is put into a message is one bounded line, and markup in no format', () => {
  const bad =
    '<https://evil.example|click> & <!channel> [here](https://evil.example) @all\r\nBcc: x\u202e\u200b\u001b[31m';
  const message = messageOf(told({ what: bad + 'x'.repeat(500), groups: [bad], about: '../../../evil?x#' }), ORIGIN);
  expect(message.link.url).toBe(`${ORIGIN}/approve/..%2F..%2F..%2Fevil%3Fx%23`);
  expect(message.title).toHaveLength(120);
  expect(JSON.stringify(message)).not.toMatch(/[\p{Cc}\p{Cf}]|\\[rnu]/u);

  const slack = slackBody(message);
  expect(slack.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
  const blocks = JSON.stringify(slack.blocks);
  // Markup stands in one place, and there it is the link of ours alone.
  expect(blocks.match(/"mrkdwn"/g)).toHaveLength(1);
  expect(blocks).toContain(`"text":"<${message.link.url}|Open in Portreeve>"`);
  expect(slack).toMatchObject({ unfurl_links: false, unfurl_media: false });

  const { attachments } = teamsBody(message) as unknown as {
    attachments: {
      contentType: string;
      content: { type: string; version: string; body: object[]; actions: object[] };
    }[];
  };
  expect(attachments).toHaveLength(1);
  const { contentType, content } = attachments[0]!;
  expect(contentType).toBe('application/vnd.microsoft.card.adaptive');
  expect(content).toMatchObject({ type: 'AdaptiveCard', version: '1.4' });
  // A TextBlock reads Markdown; a TextRun does not.
  for (const part of content.body)
    expect(part).toMatchObject({ type: 'RichTextBlock', inlines: [{ type: 'TextRun' }] });
  expect(content.actions).toEqual([{ type: 'Action.OpenUrl', title: 'Open in Portreeve', url: message.link.url }]);

  const { subject, text } = mailParts(message);
  expect(subject).not.toMatch(/[\r\n]/);
  expect(text.split('\n')).toHaveLength(8);
});

test('I7: a long text is cut where somebody sees it, and never inside of a character', () => {
  expect(bounded('  a \u2028 b\u0000c ', 10)).toBe('a b c');
  expect(bounded('😀'.repeat(5), 4)).toBe('😀😀😀…');
});

test('I7: many become one message with their numbers', () => {
  const message = digestOf([...Array.from({ length: 6 }, () => told()), told({ kind: 'stop', what: null })], ORIGIN);
  expect(message).toEqual({
    title: '7 things need somebody',
    facts: [
      { name: 'Approval asked for: pay_refund', value: '6' },
      { name: 'Everything is stopped', value: '1' },
    ],
    link: { text: 'Open in Portreeve', url: `${ORIGIN}/inbox` },
  });
});

test('I7: rules choose by kind, workflow and group; a stop is heard by all who hear of stops', () => {
  const channel = (...rules: Parameters<typeof hears>[0]['rules']) => ({ rules });
  const of = (over: Partial<Told> = {}) => told(over);
  expect(hears(channel({}), of())).toBe(true);
  expect(hears(channel({ kinds: ['stop'] }), of())).toBe(false);
  expect(hears(channel({ workflows: ['refund'], groups: ['refund-leads'] }), of())).toBe(true);
  expect(hears(channel({ workflows: ['other'] }), of())).toBe(false);
  expect(hears(channel({ groups: ['other'] }), of())).toBe(false);
  expect(hears(channel({ groups: ['other'] }, { kinds: ['approval.opened'] }), of())).toBe(true);
  expect(
    hears(channel({ workflows: ['other'], groups: ['x'] }), of({ kind: 'stop', workflow: null, groups: null })),
  ).toBe(true);
});

test('I7: nobody is told of one thing by two channels', () => {
  const email = (name: string, to: string[], groups?: string[]) => ({
    ...({ kind: 'email', system: 'mail', from: 'p@acme.example', tls: 'verify' } as const),
    ...{ name, to, rules: [groups === undefined ? {} : { groups }] },
  });
  const chat = (name: string, webhook: string) => ({
    ...({ kind: 'slack', system: 'chat' } as const),
    rules: [{}],
    ...{ name, webhook },
  });
  const channels = [
    email('leads', ['Ana@acme.example', 'bo@acme.example'], ['refund-leads']),
    email('all', ['ana@acme.example', 'cy@acme.example']),
    chat('one', 'hook-a'),
    chat('two', 'hook-a'),
    chat('three', 'hook-b'),
  ];
  const heard = (concerns: Told) => channels.map((channel) => heardOnlyBy(channel, channels, concerns));
  expect(heard(told())).toEqual([
    ['ana@acme.example', 'bo@acme.example'],
    ['cy@acme.example'],
    ['webhook hook-a'],
    [],
    ['webhook hook-b'],
  ]);
  expect(heard(told({ groups: ['others'] }))[1]).toEqual(['ana@acme.example', 'cy@acme.example']);
});
