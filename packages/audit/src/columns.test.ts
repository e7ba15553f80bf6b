import { expect, test } from 'vitest';
import { refsIn } from './columns.ts';

test('G4: model, prompt, version and reason codes are taken from the data of a record', () => {
  expect(
    refsIn({ model_asked: 'claude-a', model_answered: 'claude-a-20260801', prompt: 'summary', prompt_version: '3' }),
  ).toEqual({
    model: 'claude-a-20260801',
    prompt: 'summary',
    prompt_version: '3',
  });
  expect(refsIn({ prompt: 'summary', version: '1.2' })).toEqual({ prompt: 'summary', prompt_version: '1.2' });
  // The version of something else than a prompt.
  expect(refsIn({ source: 'crm', version: '1.2' })).toEqual({});
  const decision = {
    reasons: [{ code: 'over_limit' }, { code: 'frozen' }, { code: 'over_limit' }],
    policy_version: 'x',
  };
  expect(refsIn({ decision, code: 'refused' })).toEqual({ codes: ['over_limit', 'frozen', 'refused'] });
});

test('G4 G5: what has not the form of a technical word does not come into an entry, whoever wrote it', () => {
  const text = 'Ada Lovelace <ada@example.org>';
  expect(refsIn({ model_answered: text, prompt: text, prompt_version: text, code: text })).toEqual({});
  expect(refsIn({ model_answered: { a: 1 }, prompt: 7, decision: 'no', code: null })).toEqual({});
  expect(refsIn({ model_asked: 'm'.repeat(129) })).toEqual({});
});
