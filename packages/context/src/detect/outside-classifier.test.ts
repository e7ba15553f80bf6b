import { Agent } from 'undici';
import { describe, expect, test } from 'vitest';
import { type ClassifierBehaviour, injectionClassifierContract } from '../testing/injection-classifier-contract.ts';
import { serveLocally } from '../testing/serve.ts';
import { httpClassifier, withOutside } from './outside-classifier.ts';

const ANSWERS: Readonly<Record<string, readonly [status: number, body: string]>> = {
  error: [500, '{"score":0}'],
  garbage: [200, '<html>'],
  out_of_range: [200, '{"score":1.5}'],
  huge: [200, `{"score":0.1,"pad":"${'x'.repeat(20_000)}"}`],
};

injectionClassifierContract('http', async (behaviour: ClassifierBehaviour) => {
  const server = await serveLocally((body, _request, response) => {
    expect(typeof (JSON.parse(body) as { text: unknown }).text).toBe('string');
    if (behaviour === 'silent') return;
    const [status, answer] = typeof behaviour === 'object' ? [200, JSON.stringify(behaviour)] : ANSWERS[behaviour]!;
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer);
  });
  if (behaviour === 'gone') await server.close();
  const dispatcher = new Agent();
  return {
    classifier: httpClassifier({
      url: `${server.url}/score`,
      dispatcher,
      timeoutMs: behaviour === 'silent' ? 50 : 5000,
    }),
    close: async () => {
      await dispatcher.destroy();
      if (behaviour !== 'gone') await server.close();
    },
  };
});

describe('an outside opinion', () => {
  const own = { score: 400, signals: [{ name: 'sends_out', per_mille: 400 }] } as const;

  test('D4: it raises a score and never lowers it', () => {
    expect(withOutside(own, { per_mille: 900 })).toEqual({
      score: 900,
      signals: [
        { name: 'outside_classifier', per_mille: 900 },
        { name: 'sends_out', per_mille: 400 },
      ],
    });
    expect(withOutside(own, { per_mille: 0 }).score).toBe(400);
  });

  test('D4: without one the score stands and the failure is seen', () => {
    const { score, signals } = withOutside(own, { failed: 'timed_out' });
    expect(score).toBe(400);
    expect(signals).toContainEqual({ name: 'outside_classifier_failed', per_mille: 0 });
  });
});
