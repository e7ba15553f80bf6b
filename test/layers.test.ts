import { describe, expect, test } from 'vitest';
import { globalFetchLines, importsOf } from './imports.ts';
import { ARROWS, COMPUTED_IMPORTS, GLOBAL_FETCH, MAY_OPEN, RELATIVE_CROSSINGS, RESTRICTED } from './layers.table.ts';
import { RULES, type Violation, violationsOf } from './layers.ts';
import { isTestFile, manifests, sourceFiles } from './repository.ts';

const files = sourceFiles();
const house = manifests();
const rulesOf = (path: string, text: string): Violation['rule'][] =>
  violationsOf({ path, text }, house).map((violation) => violation.rule);

describe('the house', () => {
  test('INV1 INV4 F7: every import follows the table of arrows', () => {
    // If you are here because this failed: the line named imports what its package may not know. Move the code, or
    // declare a port and let `server` wire it. The table is layers.table.ts; a new row in it is a design decision.
    const found = files.flatMap((file) => violationsOf(file, house));
    expect(found.map((violation) => `${violation.where}: [${violation.rule}] ${violation.what}`)).toEqual([]);
  });

  test('every package has a row, and was read', () => {
    const folders = [...house.keys()].filter((folder) => folder.startsWith('packages/'));
    for (const folder of folders) {
      expect(Object.keys(ARROWS)).toContain(folder.slice('packages/'.length));
      expect(files.some((file) => file.path.startsWith(`${folder}/src/`))).toBe(true);
    }
    // A reader that found no imports would find no violations either.
    expect(files.flatMap((file) => importsOf(file)).length).toBeGreaterThan(100);
  });

  test('the tables name only packages and files that they can mean', () => {
    const names = Object.keys(ARROWS);
    const packages = [...names, ...[...manifests().values()].map(({ name }) => name.replace('@portreeve/', ''))];
    for (const row of Object.values(ARROWS))
      for (const entry of [...row.imports, ...(row.lazily ?? []), ...(row.inTests ?? [])])
        expect(packages).toContain(entry.split('/')[0]);
    for (const row of RESTRICTED) for (const name of row.only) expect(names).toContain(name);
    const paths = files.map((file) => file.path);
    for (const name of Object.keys(MAY_OPEN)) expect(names).toContain(name);
    for (const name of Object.keys(GLOBAL_FETCH)) expect([...names, ...paths]).toContain(name);
    for (const table of [RELATIVE_CROSSINGS, COMPUTED_IMPORTS])
      for (const path of Object.keys(table)) expect(paths).toContain(path);
  });

  test('INV4: no package reaches both a model and a tool, but those that join all', () => {
    const reach = (name: string, seen = new Set<string>()): Set<string> => {
      for (const entry of ARROWS[name]?.imports ?? []) {
        const target = entry.split('/')[0]!;
        if (!seen.has(target)) reach(target, seen.add(target));
      }
      return seen;
    };
    const both = Object.keys(ARROWS).filter((name) => reach(name).has('model') && reach(name).has('execute'));
    expect(both.sort()).toEqual(['govern', 'run', 'server', 'test']);
    expect([...reach('gate')]).not.toContain('model');
  });

  test('the arrows have no cycle', () => {
    const walk = (name: string, path: readonly string[]): void => {
      expect(path).not.toContain(name);
      for (const entry of ARROWS[name]?.imports ?? []) walk(entry.split('/')[0]!, [...path, name]);
    };
    for (const name of Object.keys(ARROWS)) walk(name, []);
  });
});

/** One text for each rule that must be reported: a check that cannot fail proves nothing. */
const CANARIES: readonly (readonly [Violation['rule'], string, string])[] = [
  ['arrow', 'packages/policy/src/x.ts', "import { audit } from '@portreeve/audit';"],
  ['arrow', 'packages/policy/src/x.test.ts', "import { memory } from '@portreeve/audit/testing';"],
  ['arrow', 'packages/model/src/x.ts', "import type { Grant } from '@portreeve/execute';"],
  ['arrow', 'packages/gate/src/x.ts', "export * from '@portreeve/model';"],
  ['arrow', 'packages/contract/src/x.ts', "import '@portreeve/identity';"],
  ['arrow', 'packages/sdk/src/x.ts', "const x = await import('@portreeve/server');"],
  ['arrow', 'packages/cli/src/x.ts', "import { accounts } from '@portreeve/identity';"],
  ['arrow', 'packages/audit/src/x.ts', "import { record } from '@portreeve/audit';"],
  ['arrow', 'examples/incident-summary/x.ts', "import { open } from '@portreeve/gate';"],
  ['lazily', 'packages/cli/src/x.ts', "import { serve } from '@portreeve/server';"],
  ['unknown-package', 'packages/backdoor/src/x.ts', 'export {};'],
  ['open', 'packages/run/src/x.ts', "import { open } from '@portreeve/contract/open';"],
  ['open', 'packages/execute/src/x.ts', "export { open } from '@portreeve/contract/open';"],
  ['read-labelled', 'packages/contract/src/x.ts', "import { readLabelled } from './labelled.ts';"],
  ['read-labelled', 'packages/contract/src/x.ts', "import { readLabelled as at } from './labelled.ts';"],
  ['read-labelled', 'packages/contract/src/index.ts', "export * from './labelled.ts';"],
  ['testing', 'packages/server/src/x.ts', "import { memory } from '@portreeve/audit/testing';"],
  ['testing', 'packages/server/src/x.ts', "import { testDatabase } from './store/testing/database.ts';"],
  ['not-exported', 'packages/server/src/x.ts', "import { secret } from '@portreeve/execute/src/grants.ts';"],
  ['relative', 'packages/gate/src/x.ts', "import { call } from '../../execute/src/execute.ts';"],
  ['relative', 'packages/gate/src/x.test.ts', "import { call } from '../../policy/src/index.ts';"],
  ['relative', 'test/x.test.ts', "import { call } from '../packages/execute/src/execute.ts';"],
  ['relative', 'packages/gate/src/x.ts', "new Worker(new URL('../../execute/src/execute.ts', import.meta.url));"],
  ['computed', 'packages/gate/src/x.ts', 'const x = await import(name);'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a source file
  ['computed', 'packages/gate/src/x.ts', 'const x = await import(`@portreeve/${name}`);'],
  ['computed', 'packages/gate/src/x.ts', 'const x = require(name);'],
  ['restricted', 'packages/gate/src/x.ts', "import Anthropic from '@anthropic-ai/sdk';"],
  ['restricted', 'packages/server/src/x.ts', "import type OpenAI from 'openai';"],
  ['restricted', 'packages/context/src/x.ts', "import Anthropic from '@anthropic-ai/sdk/client';"],
  ['restricted', 'packages/model/src/x.ts', "import { fetch } from 'undici';"],
  ['restricted', 'packages/gate/src/x.ts', "import { isAuthorized } from '@cedar-policy/cedar-wasm/nodejs';"],
  ['restricted', 'packages/audit/src/x.ts', "import pg from 'pg';"],
  ['restricted', 'packages/policy/src/x.ts', "import { request } from 'node:http';"],
  ['restricted', 'packages/identity/src/x.ts', "import { spawn } from 'node:child_process';"],
  ['restricted', 'packages/identity/src/x.ts', "process.getBuiltinModule('node:child_process');"],
  ['runtime-neutral', 'packages/contract/src/x.ts', "import { createHash } from 'node:crypto';"],
  ['undeclared', 'packages/identity/src/x.ts', "import { nanoid } from 'nanoid';"],
  ['undeclared', 'packages/identity/src/x.ts', "import fc from 'fast-check';"],
  ['undeclared', 'packages/verify/src/x.ts', "import { digestOf } from '@portreeve/contract';"],
  ['lazily', 'packages/verify/src/x.ts', "import { digestOf } from '@portreeve/contract';"],
  ['undeclared', 'packages/gate/src/x.ts', "import type { Mock } from 'vitest';"],
  ['undeclared', 'test/x.test.ts', "import { equal } from 'not-declared';"],
  ['node-prefix', 'packages/audit/src/x.ts', "import { readFile } from 'fs/promises';"],
  ['fetch', 'packages/gate/src/x.ts', "await fetch('https://example.com');"],
  ['fetch', 'packages/gate/src/x.ts', 'const get = globalThis.fetch;'],
  ['fetch', 'packages/execute/src/x.ts', 'call({ fetch });'],
];

describe('canaries', () => {
  test.each(CANARIES)('the rule %s reports %s with %s', (rule, path, text) => {
    expect(rulesOf(path, text)).toContain(rule);
  });

  test('there is one for every rule', () => {
    expect([...new Set(CANARIES.map(([rule]) => rule))].sort()).toEqual([...RULES].sort());
  });

  test.each<[string, string]>([
    ['packages/policy/src/x.ts', "import { digestOf } from '@portreeve/contract';"],
    ['packages/context/src/x.ts', "import { open } from '@portreeve/contract/open';"],
    ['packages/contract/src/open.ts', "import { readLabelled } from './labelled.ts';"],
    ['packages/contract/src/index.ts', "export { at, Labelled } from './labelled.ts';"],
    ['packages/cli/src/x.ts', "const { serve } = await import('@portreeve/server');"],
    ['packages/cli/src/x.ts', "import type { Options } from '@portreeve/server';"],
    ['packages/identity/src/x.test.ts', "import fc from 'fast-check'; import { test } from 'vitest';"],
    ['packages/server/src/x.test.ts', "import { memory } from '@portreeve/audit/testing';"],
    ['packages/audit/src/testing/x.ts', "import { memoryUnitOfWork } from '@portreeve/contract/testing';"],
    ['packages/verify/src/x.ts', "import type { GrantClaims } from '@portreeve/contract';"],
    ['packages/verify/src/x.test.ts', "import { digestOf } from '@portreeve/contract';"],
    ['packages/execute/src/x.ts', "import { fetch } from 'undici'; await fetch('https://example.com');"],
    ['packages/execute/src/x.ts', 'export interface Client { readonly fetch: typeof globalThis.fetch }'],
    ['packages/execute/src/x.ts', 'await client.fetch(url);'],
    ['test/x.test.ts', "import { open } from '@portreeve/contract/open';"],
  ])('what is allowed is not reported: %s with %s', (path, text) => {
    expect(rulesOf(path, text)).toEqual([]);
  });
});

describe('importsOf', () => {
  test.each<[string, string | null, string]>([
    ["import a from 'x';", 'x', 'static'],
    ["import * as a from 'x';", 'x', 'static'],
    ["import { a, type B } from 'x';", 'x', 'static'],
    ["import { type B } from 'x';", 'x', 'static'],
    ["import type { A } from 'x';", 'x', 'type'],
    ["import 'x';", 'x', 'static'],
    ["import data from 'x' with { type: 'json' };", 'x', 'static'],
    ["export { a } from 'x';", 'x', 'static'],
    ["export * from 'x';", 'x', 'static'],
    ["export * as a from 'x';", 'x', 'static'],
    ["export type { A } from 'x';", 'x', 'type'],
    ["type A = import('x').A;", 'x', 'type'],
    ["type A = typeof import('x');", 'x', 'type'],
    ["declare module 'x' { interface A {} }", 'x', 'type'],
    ['/// <reference types="x" />', 'x', 'type'],
    ["import a = require('x');", 'x', 'static'],
    ["await import('x');", 'x', 'lazy'],
    ['await import(`x`);', 'x', 'lazy'],
    ['await import(x);', null, 'lazy'],
    ["require('x');", 'x', 'lazy'],
    ["require.resolve('x');", 'x', 'lazy'],
    ["createRequire(import.meta.url)('x');", 'x', 'lazy'],
    ["createRequire(import.meta.url).resolve('x');", 'x', 'lazy'],
    ["import.meta.resolve('x');", 'x', 'lazy'],
    ["vi.mock('x');", 'x', 'lazy'],
    ["new URL('./x.ts', import.meta.url);", './x.ts', 'lazy'],
  ])('sees %s', (text, specifier, kind) => {
    const found = importsOf({ path: 'x.ts', text });
    expect(found.map((item) => [item.specifier, item.kind])).toEqual([[specifier, kind]]);
  });

  test.each([
    "// import 'x';",
    'const text = "import \'x\'";',
    'export const a = 1;',
    "new URL('./x.md', import.meta.url);",
  ])('does not see %s', (text) => {
    expect(importsOf({ path: 'x.ts', text })).toEqual([]);
  });

  test('gives the line and the names', () => {
    const [first, second] = importsOf({ path: 'x.ts', text: "import 'a';\nimport b, { c as d } from 'x';" });
    expect([first?.line, first?.names]).toEqual([1, []]);
    expect([second?.line, second?.names]).toEqual([2, ['default', 'c']]);
  });
});

test('globalFetchLines gives each line once', () => {
  expect(globalFetchLines({ path: 'x.ts', text: 'fetch(a); fetch(b);\n\nself.fetch(c);' })).toEqual([1, 3]);
});

test('tests are told from sources by their path', () => {
  expect(['packages/a/src/b.test.ts', 'test/a.ts', 'examples/a/tests/b.ts'].map(isTestFile)).toEqual([
    true,
    true,
    true,
  ]);
  expect(['packages/a/src/test.ts', 'packages/a/src/testing/b.ts', 'examples/a/b.ts'].map(isTestFile)).toEqual([
    false,
    false,
    false,
  ]);
});
