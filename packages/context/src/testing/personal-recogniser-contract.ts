import { afterEach, describe, expect, test } from 'vitest';
import type { PersonalRecogniser } from '../deidentify/detect-personal.ts';

export interface PersonalRecogniserFixture {
  readonly recogniser: PersonalRecogniser;
  close?(): Promise<void>;
}

/** What every recogniser outside of this process must do. With `finds` the thing behind it finds the name Zoran. */
export function personalRecogniserContract(
  name: string,
  make: (behaviour: string) => Promise<PersonalRecogniserFixture>,
): void {
  describe(`personal recogniser: ${name}`, () => {
    let fixture: PersonalRecogniserFixture | undefined;
    afterEach(async () => {
      await fixture?.close?.();
      fixture = undefined;
    });

    test.each(['ask Zoran', '😀😀 ask Zoran', 'ü\u0301\n\t"Zoran"'])(
      'D9: offsets are UTF-16 units: %s',
      async (text) => {
        fixture = await make('finds');
        const spans = await fixture.recogniser.recognise(text);
        expect(spans.map(({ kind, start, end }) => [kind, text.slice(start, end)])).toEqual([['name', 'Zoran']]);
      },
    );

    test.each(['error', 'garbage', 'outside', 'huge', 'silent', 'gone'])(
      'D9: behind it %s is an error, never an empty find',
      async (behaviour) => {
        fixture = await make(behaviour);
        await expect(fixture.recogniser.recognise('ask Zoran')).rejects.toMatchObject({ code: 'unavailable' });
      },
    );

    test('D9: what is too long is not taken for clean', async () => {
      fixture = await make('finds');
      await expect(fixture.recogniser.recognise('x'.repeat(200_001))).rejects.toMatchObject({ code: 'unavailable' });
    });
  });
}
