import { expect, test } from 'vitest';
import { projectRefusal } from '../testing/project-refusal.ts';
import { soundProject } from '../testing/temporary-project.ts';

const PROMPT = 'workflows/one/prompts/write-note.md';

function refusal(budgets: object, models: readonly string[]): Promise<string | null> {
  const files = soundProject();
  const price = { input: 1, output: 1 };
  const endpoint = {
    ...{ name: 'cloud', kind: 'anthropic', model: 'claude-x', secret: 'k', where: 'public-cloud' },
    clearance: { confidentiality: 'internal' },
    prices: { currency: 'USD', models: Object.fromEntries(models.map((model) => [model, price])) },
  };
  const config = { environment: 'test', workflows: ['workflows/one'], models: [endpoint], budgets };
  return projectRefusal({
    ...files,
    [PROMPT]: files[PROMPT]!.replace('step: generate', 'step: generate\nmodel: claude-large'),
    'portreeve.config.ts': `export default ${JSON.stringify(config)};\n`,
  });
}

test('E5: a prompt under a budget of money that asks for a model without a price is refused', async () => {
  expect(await refusal({ month: { micros: 1 } }, ['claude-x'])).toMatch(
    /^The prompt write-note of case-note asks for claude-large, and budgets\.month holds nothing back at cloud/,
  );
  expect(await refusal({ workflows: { 'case-note': { run: { micros: 1 } } } }, ['claude-x'])).toMatch(/claude-large/);
  expect(await refusal({ workflows: { other: { run: { micros: 1 } } } }, ['claude-x'])).toBeNull();
  expect(await refusal({ month: { micros: 1 } }, ['claude-x', 'claude-large'])).toBeNull();
  expect(await refusal({ month: { tokens: 1 } }, ['claude-x'])).toBeNull();
});
