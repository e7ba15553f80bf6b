import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './repository.ts';

const projects = readdirSync(join(ROOT, 'examples')).filter((name) =>
  existsSync(join(ROOT, 'examples', name, 'portreeve.config.ts')),
);

const textsOf = (folder: string): string =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n');

test.each(projects)(
  'J6: examples/%s says what it is and how it is tried, attacked and shown, and is tried as a whole',
  (name) => {
    const folder = join(ROOT, 'examples', name);
    const readme = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const words of [
      // What stands there is typed by end-to-end/examples.test.ts.
      `## Try it\n`,
      '```console in=try\n',
      `redteam ${name} --project examples/${name}`,
      `workflows/${name}/redteam/own.yaml`,
      'evidence --framework',
    ])
      expect([words, readme.includes(words)]).toEqual([words, true]);
    // Every path that it names in code is there.
    for (const [, path = ''] of readme.matchAll(/`((?:workflows|test)\/[\w./-]+)`/g))
      expect([path, existsSync(join(path.startsWith('test/') ? ROOT : folder, path))]).toEqual([path, true]);
    for (const what of ['ACCEPTABLE_USE.md', 'tests/decisions.yaml', 'redteam/own.yaml', 'policies'])
      expect([what, existsSync(join(folder, 'workflows', name, what))]).toEqual([what, true]);
    expect(textsOf(join(ROOT, 'test/end-to-end'))).toContain(name);
  },
);
