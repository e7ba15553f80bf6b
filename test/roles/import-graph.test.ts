import { describe, expect, test } from 'vitest';
import { manifests, sourceFiles } from '../repository.ts';
import { reachableFrom } from './import-graph.ts';

const sources = sourceFiles();
const known = manifests();
/** What `serve --role=executor` loads of ours, and what the tools of a project import. */
const EXECUTOR = ['packages/server/src/executor.ts', 'packages/sdk/src/index.ts'];

/** What a process with tool credentials must not have loaded, and why. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/^packages\/model\//, 'it talks to no model'],
  [/^(@anthropic-ai\/|openai$)/, 'it talks to no model'],
  [/^packages\/execute\/src\/(issue-grant|grants|gatekeeper)\.ts$/, 'it makes no grant'],
  [/^packages\/audit\/src\/(note|checkpoint|log|receipt|sequencer)\.ts$/, 'it signs no head of the log'],
  // What a release consists of is no decision: an executor names releases too.
  [/^packages\/(policy|gate|approve|run|govern\/(?!src\/release\/manifest\.ts))\//, 'it decides nothing'],
  [/^packages\/(context|identity)\//, 'it sees no prompt, and nobody signs in there'],
  [/^@dbos-inc\//, 'it runs no workflow'],
  [/^(fastify|@fastify\/)/, 'nobody calls it'],
];

/** What `serve --role=reasoner` loads of ours. */
const REASONER = ['packages/server/src/reasoner.ts', 'packages/sdk/src/index.ts'];

/** What a process that talks to models must not have loaded, and why. */
const NOT_FOR_REASONERS: typeof FORBIDDEN = [
  [/^packages\/execute\/src\/(issue-grant|grants|gatekeeper)\.ts$/, 'it makes no grant'],
  [/^packages\/audit\/src\/(note|checkpoint|log|receipt|sequencer)\.ts$/, 'it signs no head of the log'],
  [/^packages\/(approve|identity)\//, 'nobody approves there, and nobody signs in'],
  [/^packages\/server\/src\/(start|stages|services|wire-identity|wire-mcp)\.ts$/, 'it is no gatekeeper and no API'],
  [/^(fastify|@fastify\/)/, 'nobody calls it'],
];

const found = (roots: readonly string[], forbidden = FORBIDDEN) =>
  [...reachableFrom(roots, sources, known)].flatMap(([path, from]) =>
    forbidden.flatMap(([pattern, why]) => (pattern.test(path) ? [`${from} loads ${path}: ${why}`] : [])),
  );

describe('F7 INV4: what can be loaded in an executor', () => {
  test('F7: no model, no policy, and nothing that signs a grant or a head of the log', () => {
    // If you are here because this failed: the message names the file that brought it in. Move what the executor needs into
    // a file of its own; do not add the file to an entrance that the executor loads.
    expect(found(EXECUTOR)).toEqual([]);
  });

  test('J2 INV4: a reasoner signs nothing, lets nobody sign in and hears no verdict', () => {
    expect(found(REASONER, NOT_FOR_REASONERS)).toEqual([]);
    const reached = [...reachableFrom(REASONER, sources, known).keys()];
    for (const path of [
      'packages/run/src/run-task.ts',
      'packages/model/src/anthropic/provider.ts',
      '@dbos-inc/dbos-sdk',
    ])
      expect(reached).toContain(path);
  });

  test('J2: a canary: each of these is found where it is loaded', () => {
    const start = 'packages/server/src/start.ts';
    const reached = [start, ...reachableFrom([start], sources, known).keys()];
    const missed = NOT_FOR_REASONERS.filter(([pattern]) => !reached.some((each) => pattern.test(each)));
    expect(missed).toEqual([]);
  });

  test('the walk goes as far as it must', () => {
    const reached = reachableFrom(EXECUTOR, sources, known);
    for (const path of [
      'packages/server/src/roles/executor.ts',
      'packages/execute/src/execute.ts',
      'packages/execute/src/connectors/http/http-connector.ts',
      'packages/audit/src/entry.ts',
      'packages/execute/src/grant-jws.ts',
      'pg',
    ])
      expect([...reached.keys()]).toContain(path);
  });

  test.each(FORBIDDEN)('a canary: %s is found where it is loaded', (pattern) => {
    const path = [
      'packages/server/src/start.ts',
      'packages/model/src/anthropic/provider.ts',
      'packages/govern/src/index.ts',
    ];
    const reached = [...reachableFrom(path, sources, known).keys()];
    expect(reached.some((each) => pattern.test(each))).toBe(true);
  });

  test('a canary: an import that is deep, lazy, or by the name of a package is found', () => {
    const planted = (text: string) => [
      ...sources.filter(({ path }) => path !== 'packages/server/src/every.ts'),
      { path: 'packages/server/src/every.ts', text },
    ];
    for (const text of [
      `import { createAnthropic } from '@portreeve/model';`,
      `const load = () => import('@portreeve/execute/gatekeeper');`,
      `export * from '../../audit/src/note.ts';`,
    ]) {
      const reached = reachableFrom(EXECUTOR, planted(text), known);
      const bad = [...reached.keys()].filter((path) => FORBIDDEN.some(([pattern]) => pattern.test(path)));
      expect(bad, text).not.toEqual([]);
    }
    const typed = reachableFrom(EXECUTOR, planted(`import type { Ask } from '@portreeve/model';`), known);
    expect([...typed.keys()].filter((path) => path.startsWith('packages/model/'))).toEqual([]);
  });
});
