import { rm } from 'node:fs/promises';
import { isPortreeveError } from '@portreeve/contract';
import { expect, test } from 'vitest';
import { soundProject, temporaryProject } from '../testing/temporary-project.ts';
import { loadProject } from './project.ts';

const PROMPT = 'workflows/one/prompts/write-note.md';

async function refusal(budgets: object, models: readonly string[]): Promise<string | null> {
  const files = soundProject();
  const price = { input: 1, output: 1 };
  const endpoint = {
    ...{ name: 'cloud', kind: 'anthropic', model: 'claude-x', secret: 'k', where: 'public-cloud' },
    clearance: { confidentiality: 'internal' },
    prices: { currency: 'USD', models: Object.fromEntries(models.map((model) => [model, price])) },
  };
  const config = { environment: 'test', workflows: ['workflows/one'], models: [endpoint], budgets };
  const folder = await temporaryProject({
    ...files,
    [PROMPT]: files[PROMPT]!.replace('step: generate', 'step: generate\nmodel: claude-large'),
    'portreeve.config.ts': `export default ${JSON.stringify(config)};\n`,
  });
  try {
    await loadProject(folder);
    return null;
  } catch (error) {
    if (isPortreeveError(error, 'misconfigured')) return error.detail;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
