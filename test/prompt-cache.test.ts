import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assembled, evidenceOf, sentBody } from './support/sent-prompts.ts';

interface Block {
  readonly text?: string;
  readonly cache_control?: { readonly ttl: string };
}
interface Body {
  readonly system: string | Block[];
  readonly messages: { readonly content: Block[] }[];
  readonly output_config: unknown;
}

/** What a vendor may keep of a question: everything up to the last mark, or nothing where there is none. */
function keptPart(body: Body): string {
  const blocks = [
    ...(typeof body.system === 'string' ? [] : body.system),
    ...body.messages.flatMap((turn) => turn.content),
  ];
  const last = blocks.findLastIndex(({ cache_control }) => cache_control !== undefined);
  return JSON.stringify([
    body.output_config,
    blocks.slice(0, last + 1),
    typeof body.system === 'string' ? body.system : '',
  ]);
}

const ask = async (answer: string, mail: string, cache?: 'off' | '1h'): Promise<Body> => {
  const inputs = { answer, mail: evidenceOf('ticket-mail', { text: mail, part: 'body' }) };
  return (await sentBody('anthropic', await assembled('support-triage', 'draft-reply', inputs), cache)) as Body;
};

describe('D1: what a vendor keeps of a question', () => {
  test('is the system layer and the prompt file\u2019s own text, and ends before anything of a request', async () => {
    const body = await ask('Reset it.', 'I cannot sign in.');
    const marked = body.messages[0]!.content.filter(({ cache_control }) => cache_control !== undefined);
    expect(marked).toHaveLength(1);
    expect(marked[0]?.cache_control).toEqual({ type: 'ephemeral', ttl: '5m' });
    expect(body.messages[0]!.content.indexOf(marked[0]!)).toBe(0);
    expect(marked[0]?.text).toMatch(/^# Task/);
  });

  test('is the same bytes whoever a question is about, and holds nothing of anybody', async () => {
    const first = keptPart(await ask('nobody', 'nothing'));
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 12, maxLength: 200 }),
        fc.string({ unit: 'grapheme', minLength: 12, maxLength: 2000 }),
        async (answer, mail) => {
          const body = await ask(answer, mail);
          expect(keptPart(body)).toBe(first);
          const after = body.messages[0]!.content.slice(1);
          expect(after.some((block) => 'cache_control' in block)).toBe(false);
        },
      ),
      { numRuns: 25 },
    );
    const personal = keptPart(await ask('Call Maria Musterfrau.', 'I am Maria Musterfrau, account 4711.'));
    expect(personal).toBe(first);
    expect(personal).not.toMatch(/Musterfrau|4711/);
  });

  test('is nothing where the endpoint says so, and an hour where it says that', async () => {
    expect(JSON.stringify(await ask('a', 'b', 'off'))).not.toContain('cache_control');
    expect(JSON.stringify(await ask('a', 'b', '1h'))).toContain('"ttl":"1h"');
  });
});
