import { readFile, writeFile } from 'node:fs/promises';
import { PROMPT_FRAME } from '@portreeve/context';
import { digestOf } from '@portreeve/contract';
import { baselinePolicies } from '@portreeve/policy';
import { expect, test } from 'vitest';
import { CORE } from './version.ts';

const HEX = 12;

test('H1 J2: the core of this version is named after all texts that it adds to a release', async () => {
  const rules = Object.values(baselinePolicies()).flatMap((sources) => sources.map(({ text }) => text));
  expect(rules.length).toBeGreaterThan(3);
  const texts = digestOf({ rules, prompts: [...PROMPT_FRAME] }).slice('sha256:'.length, 'sha256:'.length + HEX);
  if (process.env.UPDATE_CORE) {
    const file = new URL('./version.ts', import.meta.url);
    const source = await readFile(file, 'utf8');
    await writeFile(file, source.replace(/(CORE = '\d+)-[0-9a-f]+/, `$1-${texts}`));
    return;
  }
  // If you are here because this failed: a baseline rule or a text around prompts changed, so every release is another one
  // from now on, and an upgrade needs each to be promoted anew (docs/upgrading.md). Where that is meant: UPDATE_CORE=1.
  expect(CORE).toMatch(new RegExp(`^[1-9]\\d*-${texts}$`));
});
