import { existsSync, globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { INVARIANTS } from './invariants.ts';
import { ROOT } from './repository.ts';
import { REQUIREMENTS } from './requirements.ts';

const documents = globSync(['*.md', 'docs/**/*.md', '{packages,examples}/*/*.md'], { cwd: ROOT }).map((path) => ({
  path: path.replaceAll('\\', '/'),
  text: readFileSync(posix.join(ROOT, path), 'utf8'),
}));
const textOf = (path: string) => documents.find((document) => document.path === path)?.text ?? '';

test('README.md shows the two commands as a stranger will type them', () => {
  expect(textOf('README.md')).toMatch(/^npm ci && npm start$/m);
  expect(textOf('README.md')).toMatch(/^npm ci && npm test$/m);
});

test('every link between documents leads somewhere', () => {
  const dead = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => !existsSync(posix.join(ROOT, posix.dirname(path), target)))
      .map((target) => `${path} -> ${target}`),
  );
  expect(dead).toEqual([]);
});

test('every decision is listed, and says when', () => {
  const decisions = documents.filter(({ path }) => /^docs\/decisions\/\d/.test(path));
  expect(decisions.length).toBeGreaterThan(0);
  for (const { path, text } of decisions) {
    const date = /\/(\d{4}-\d{2}-\d{2})-/.exec(path)?.[1];
    expect(text.split('\n')[2]).toBe(date);
    expect(textOf('docs/decisions/README.md')).toContain(posix.basename(path));
  }
});

test('every bench has its command', () => {
  const { scripts } = JSON.parse(readFileSync(posix.join(ROOT, 'package.json'), 'utf8'));
  const benches = globSync('bench/*.ts', { cwd: ROOT }).map((path) => posix.basename(path, '.ts'));
  for (const name of benches.filter((each) => each !== 'train-detector'))
    expect(scripts[name === 'all' ? 'bench' : `bench:${name}`], name).toBe(`node bench/${name}.ts`);
});

test('every example that is a project stands in README.md', () => {
  const projects = globSync('examples/*/portreeve.config.ts', { cwd: ROOT }).map((path) => posix.dirname(path));
  expect(projects.length).toBeGreaterThan(5);
  for (const project of projects) expect(textOf('README.md')).toContain(`](${project})`);
});

test('the threat model cites ids that exist', () => {
  const known = new Set([...REQUIREMENTS, ...INVARIANTS].map((row) => row.id));
  const cited = textOf('docs/threat-model.md').match(/\b(?:[A-J]|INV)\d{1,2}\b/g) ?? [];
  expect(cited.length).toBeGreaterThan(20);
  expect(cited.filter((id) => !known.has(id))).toEqual([]);
});

test('documents and code name each package that exists', () => {
  for (const path of globSync('packages/*/package.json', { cwd: ROOT }))
    expect(textOf('ARCHITECTURE.md')).toContain(`| \`${posix.basename(posix.dirname(path))}\` |`);
});
