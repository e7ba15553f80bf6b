import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../repository.ts';
import * as examples from './guide.examples.ts';

/** The lines between `// NAME` and `// end`, without the indentation that they share. */
function regions(text: string): string[] {
  return [...text.matchAll(/^( *)\/\/ [a-z]+\n([\s\S]*?)^\1\/\/ end$/gm)].map(([, indent, body]) =>
    body!.replaceAll(new RegExp(`^${indent}`, 'gm'), '').trim(),
  );
}

test('I5 J6: the guide for agents shows examples that are type-checked, and all of them', () => {
  const guide = readFileSync(join(ROOT, 'docs/guides/agents.md'), 'utf8');
  const shown = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, body]) => body!.trim());
  const checked = regions(readFileSync(join(ROOT, 'test/agents/guide.examples.ts'), 'utf8'));
  expect(checked.length).toBeGreaterThanOrEqual(6);
  expect(shown.map((each) => each.replace(/^export /, ''))).toEqual(
    checked.map((each) => each.replace(/^export /, '')),
  );
  expect(examples.startBuild.binding).toEqual({ connector: 'caller' });
  expect(Object.keys(examples)).toHaveLength(checked.length);
  expect(guide).toContain('packages/sdk/claude-code/managed-settings.json');
});
