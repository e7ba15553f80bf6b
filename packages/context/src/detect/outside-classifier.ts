import type { Dispatcher } from 'undici';
import { request as httpRequest } from 'undici';
import { z } from 'zod';
import type { InjectionScore } from './score-injection.ts';

/** Why an outside classifier gave no score. */
export type ClassifierFailure = 'too_long' | 'timed_out' | 'unreachable' | 'bad_answer';

export type ClassifierOutcome = { readonly per_mille: number } | { readonly failed: ClassifierFailure };

/**
 * A classifier outside this process. INVARIANT: `classify` never throws and never guesses: without an answer that it
 * understands, it says why it has none. `injectionClassifierContract` in `testing` holds every adapter to this.
 */
export interface InjectionClassifier {
  classify(text: string): Promise<ClassifierOutcome>;
}

export interface HttpClassifierOptions {
  readonly url: string;
  /** Makes the connection; the server passes its egress guard. */
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
}

const TEXT_CHARS_MAX = 200_000;
const ANSWER_BYTES_MAX = 16_384;
const answerSchema = z.object({ score: z.number().min(0).max(1) });

/**
 * A classifier over HTTP: POST `{"text": …}`, answered by 200 and `{"score": 0 … 1}`. No redirects; text, answer and
 * time are bounded. A text over 200,000 characters is not sent, and so has no score.
 */
export function httpClassifier({ url, dispatcher, timeoutMs }: HttpClassifierOptions): InjectionClassifier {
  return {
    async classify(text) {
      if (text.length > TEXT_CHARS_MAX) return { failed: 'too_long' };
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const { statusCode, body } = await httpRequest(url, {
          dispatcher,
          method: 'POST',
          headers: { 'content-type': 'application/json', accept: 'application/json', 'accept-encoding': 'identity' },
          body: JSON.stringify({ text }),
          signal,
        });
        const chunks: Uint8Array[] = [];
        let size = 0;
        for await (const chunk of body as AsyncIterable<Uint8Array>) {
          size += chunk.length;
          if (size > ANSWER_BYTES_MAX) return { failed: 'bad_answer' };
          chunks.push(chunk);
        }
        if (statusCode !== 200) return { failed: 'bad_answer' };
        const answer = answerSchema.safeParse(parseJson(Buffer.concat(chunks).toString('utf8')));
        return answer.success ? { per_mille: Math.round(answer.data.score * 1000) } : { failed: 'bad_answer' };
      } catch {
        return { failed: signal.aborted ? 'timed_out' : 'unreachable' };
      }
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Our score together with an outside opinion: the higher of the two. Without an opinion ours stands, with the signal
 * `outside_classifier_failed`; an outside answer never lowers a score.
 */
export function withOutside(own: InjectionScore, outcome: ClassifierOutcome): InjectionScore {
  const signal =
    'failed' in outcome
      ? { name: 'outside_classifier_failed' as const, per_mille: 0 }
      : { name: 'outside_classifier' as const, per_mille: outcome.per_mille };
  return {
    score: Math.max(own.score, signal.per_mille),
    signals: [...own.signals, signal].sort((a, b) => b.per_mille - a.per_mille || (a.name < b.name ? -1 : 1)),
  };
}
