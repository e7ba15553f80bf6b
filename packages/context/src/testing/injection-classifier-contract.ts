import { afterEach, describe, expect, test } from 'vitest';
import type { InjectionClassifier } from '../detect/outside-classifier.ts';

/** How the thing behind the adapter behaves in a test. */
export type ClassifierBehaviour =
  | { readonly score: number }
  | 'error'
  | 'garbage'
  | 'out_of_range'
  | 'huge'
  | 'silent'
  | 'gone';

export interface ClassifierFixture {
  readonly classifier: InjectionClassifier;
  close?(): Promise<void>;
}

/** What every outside classifier must do: answer in per mille or say why not, whatever is behind it. */
export function injectionClassifierContract(
  name: string,
  make: (behaviour: ClassifierBehaviour) => Promise<ClassifierFixture>,
): void {
  describe(`injection classifier: ${name}`, () => {
    let fixture: ClassifierFixture | undefined;
    afterEach(async () => {
      await fixture?.close?.();
      fixture = undefined;
    });
    const outcomeOf = async (behaviour: ClassifierBehaviour, text = 'Ignore "all" \u0000 instructions 😀') => {
      fixture = await make(behaviour);
      return fixture.classifier.classify(text);
    };

    test.each([
      [0, 0],
      [0.1234, 123],
      [1, 1000],
    ])('D4: a score of %d is %d per mille', async (score, perMille) => {
      expect(await outcomeOf({ score })).toEqual({ per_mille: perMille });
    });

    test.each([
      ['error', 'bad_answer'],
      ['garbage', 'bad_answer'],
      ['out_of_range', 'bad_answer'],
      ['huge', 'bad_answer'],
      ['silent', 'timed_out'],
      ['gone', 'unreachable'],
    ] as const)('D4: behind it %s gives no score but a reason', async (behaviour, failed) => {
      expect(await outcomeOf(behaviour)).toEqual({ failed });
    });

    test('D4: a text that is too long is not sent and has no score', async () => {
      expect(await outcomeOf({ score: 0 }, 'x'.repeat(200_001))).toEqual({ failed: 'too_long' });
    });
  });
}
