import type { JsonObject } from '@portreeve/contract';
import type { Message } from './words.ts';

/** The three characters that Slack's markup begins with; escaped so, they are text. */
const slackText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * The body for an incoming webhook of Slack: text as `plain_text`, which knows no markup, mention or link. The link of
 * ours alone is markup. Nobody's preview is asked for.
 */
export function slackBody({ title, facts, link }: Message): JsonObject {
  const plain = (text: string) => ({ type: 'plain_text', text, emoji: false });
  return {
    // For what shows no blocks, such as a phone's notice; it is read as markup.
    text: slackText(title),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'section', text: plain(title) },
      ...(facts.length === 0
        ? []
        : [{ type: 'section', fields: facts.map(({ name, value }) => plain(`${name}: ${value}`)) }]),
      { type: 'section', text: { type: 'mrkdwn', text: `<${link.url}|${slackText(link.text)}>`, verbatim: true } },
    ],
  };
}

/**
 * The body for a webhook of a workflow of Teams: one Adaptive Card 1.4. Its text stands in `TextRun`s, which know no
 * Markdown, so that nothing becomes a link or a mention.
 */
export function teamsBody({ title, facts, link }: Message): JsonObject {
  const line = (text: string, more: JsonObject = {}): JsonObject => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text, ...more }],
  });
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            line(title, { weight: 'Bolder', size: 'Medium' }),
            ...facts.map(({ name, value }) => line(`${name}: ${value}`)),
          ],
          actions: [{ type: 'Action.OpenUrl', title: link.text, url: link.url }],
        },
      },
    ],
  };
}

/** The subject and the plain text of an e-mail. */
export function mailParts({ title, facts, link }: Message): { readonly subject: string; readonly text: string } {
  return {
    subject: `Portreeve: ${title}`,
    text: [title, '', ...facts.map(({ name, value }) => `${name}: ${value}`), '', `${link.text}: ${link.url}`, ''].join(
      '\n',
    ),
  };
}
