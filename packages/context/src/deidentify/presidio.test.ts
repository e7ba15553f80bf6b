import { Agent } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { personalRecogniserContract } from '../testing/personal-recogniser-contract.ts';
import { type LocalServer, serveLocally } from '../testing/serve.ts';
import { presidioRecogniser } from './presidio.ts';

interface Asked {
  text: string;
  language: string;
  score_threshold: number;
}
/** What an analyzer answers, for each way in which it may behave. */
const answers: Readonly<Record<string, readonly [status: number, body: (asked: Asked) => string]>> = {
  finds: [
    200,
    ({ text }) => {
      // As Presidio does: offsets in code points.
      const at = [...text.slice(0, text.indexOf('Zoran'))].length;
      return JSON.stringify([
        { entity_type: 'PERSON', start: at, end: at + 5, score: 0.85, analysis_explanation: null },
        { entity_type: 'NRP', start: 0, end: 1, score: 0.9 },
      ]);
    },
  ],
  error: [500, () => '[]'],
  garbage: [200, () => '<html>'],
  outside: [200, () => '[{"entity_type":"PERSON","start":0,"end":9999,"score":0.9}]'],
  huge: [200, () => `["${'x'.repeat(5_000_000)}"]`],
};

async function make(behaviour: string) {
  const seen: { path: string | undefined; asked: Asked }[] = [];
  const server: LocalServer = await serveLocally((body, request, response) => {
    const asked = JSON.parse(body) as Asked;
    seen.push({ path: request.url, asked });
    if (behaviour === 'silent') return;
    const [status, answer] = answers[behaviour]!;
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer(asked));
  });
  if (behaviour === 'gone') await server.close();
  const dispatcher = new Agent();
  return {
    seen,
    recogniser: presidioRecogniser({
      url: server.url,
      dispatcher,
      timeoutMs: behaviour === 'silent' ? 50 : 5000,
      language: 'en',
      scoreMin: 0.5,
    }),
    close: async () => {
      await dispatcher.destroy();
      if (behaviour !== 'gone') await server.close();
    },
  };
}

personalRecogniserContract('presidio', make);

describe('the Presidio adapter', () => {
  let close: (() => Promise<void>) | undefined;
  afterEach(() => close?.());

  test('asks POST /analyze with text, language and threshold; finds that are no kind of ours are left out', async () => {
    const fixture = await make('finds');
    close = fixture.close;
    const spans = await fixture.recogniser.recognise('😀 ask Zoran');
    expect(fixture.seen).toEqual([
      { path: '/analyze', asked: { text: '😀 ask Zoran', language: 'en', score_threshold: 0.5 } },
    ]);
    expect(spans).toEqual([{ kind: 'name', detail: 'presidio-person', certainty: 'context', start: 7, end: 12 }]);
  });
});
