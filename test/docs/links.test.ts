import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../repository.ts';

const FILES = globSync(['*.md', 'docs/**/*.md', 'examples/*/README.md', 'packages/*/{README,SPEC}.md'], { cwd: ROOT });
const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;

/** Where one can go in a page, as renderers name it: the heading in small letters, with hyphens and no signs. */
function anchorsOf(text: string): Set<string> {
  const plain = text.replace(/^```[\s\S]*?^```/gm, '');
  return new Set(
    [...plain.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s+/g, '-'),
    ),
  );
}

function deadIn(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
  return [...text.matchAll(LINK)].flatMap(([, href = '']) => {
    if (/^[a-z]+:/.test(href)) return [];
    const [path = '', anchor] = href.split('#');
    const target = path === '' ? join(ROOT, file) : join(ROOT, dirname(file), path);
    if (!existsSync(target)) return [`${file}: ${href}`];
    if (anchor === undefined || statSync(target).isDirectory()) return [];
    return anchorsOf(readFileSync(target, 'utf8')).has(anchor)
      ? []
      : [`${file}: ${href} (${relative(ROOT, target)} has no such heading)`];
  });
}

test('J6: no link of the documentation is dead, headings included', () => {
  expect(FILES.length).toBeGreaterThan(30);
  expect(FILES.flatMap(deadIn)).toEqual([]);
});
