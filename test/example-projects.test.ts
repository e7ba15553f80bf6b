import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '@portreeve/cli/testing';
import { expect, test } from 'vitest';
import { blocks } from './docs/blocks.ts';
import { expectShown } from './docs/shown.ts';
import { ROOT } from './repository.ts';

const projects = readdirSync(join(ROOT, 'examples')).filter((name) =>
  existsSync(join(ROOT, 'examples', name, 'portreeve.config.ts')),
);

test.each(projects)(
  'C8 J6: portreeve check finds nothing in examples/%s, and says what its README shows',
  async (name) => {
    const { code, out, err } = await command(['check', '--project', join(ROOT, 'examples', name)]);
    // If you are here because this failed: run `npm run portreeve -- check --project examples/NAME`; it names each fault
    // with its fix. A stale policy-matrix.txt is written anew by `policy matrix --write`; review the difference.
    expect({ code, err, faults: out.match(/^ +(error|warning): .*/gm) ?? [] }).toEqual({
      code: 0,
      err: '',
      faults: [],
    });
    const checks = out.split('\n\n')[0]!.split('\n');
    expect(checks.filter((line) => !line.startsWith('✓ '))).toEqual([]);
    const shown = blocks.find(
      ({ file, words }) => file === `examples/${name}/README.md` && words.get('in') === 'example-check',
    );
    // The first example is shown whole, by the guide to policy.
    expect(shown === undefined).toBe(name === 'incident-summary');
    if (shown) expectShown(out, shown.text.split('\n').slice(1).join('\n'));
  },
);
