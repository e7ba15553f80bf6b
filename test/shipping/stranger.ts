import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ROOT } from '../repository.ts';
import { type Ended, start } from '../support/processes.ts';

/** What a stranger's shell finds: the machine's own Node and npm, and nothing of this repository. */
const PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.startsWith(ROOT))
  .join(delimiter);

/** Starts a command as a stranger would, in a folder of theirs: words between spaces, then words as they are. */
export function inShell(folder: string, words: string, ...more: string[]) {
  const [command = '', ...args] = words.split(' ');
  // npm hands the settings of this repository down by the environment; of these a stranger has where the registry is.
  const ours = Object.keys(process.env).filter(
    (name) =>
      /^npm_/i.test(name) && !/^npm_config_(registry|cache|userconfig|globalconfig|cafile|.*proxy)$/i.test(name),
  );
  return start(command, [...args, ...more], {
    cwd: folder,
    env: { PATH, ...Object.fromEntries(ours.map((name) => [name, undefined])) },
  });
}

/** Runs a command to its end. */
export function shell(folder: string, words: string, ...more: string[]): Promise<Ended> {
  return inShell(folder, words, ...more).ended;
}

export async function writeProject(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** A workflow project as somebody writes it who has the SDK alone: it reads a file, and asks no model and no tool. */
export const SMALL_PROJECT: Readonly<Record<string, string>> = {
  'portreeve.config.ts': `import type { ProjectConfigInput } from '@portreeve/sdk';

export default { environment: 'development', workflows: ['workflows/count-events'] } satisfies ProjectConfigInput;
`,
  'workflows/count-events/workflow.ts': `import { defineSource, defineWorkflow } from '@portreeve/sdk';
import { z } from 'zod';

const input = z.strictObject({ case_id: z.string().regex(/^CASE-[0-9]{1,6}$/) });

const events = defineSource({
  name: 'case-events',
  version: '1.0',
  title: 'Events of a case',
  integrity: 'untrusted',
  confidentiality: 'internal',
  categories: [],
  query: input,
  fields: [{ name: 'message', max_chars: 400 }],
  limits: { max_items: 100, max_bytes: 65_536, timeout_ms: 5000 },
  binding: { kind: 'file', folder: 'cases', pattern: '{case_id}.jsonl' },
});

export default defineWorkflow({
  name: 'count-events',
  version: '1.0.0',
  title: 'Count events',
  purpose: 'Says how many events a case has.',
  tier: 'low',
  owners: { security: 'security', platform: 'platform', business: 'business', escalation: 'duty' },
  approvers: ['leads'],
  approval_timeout_minutes: 60,
  input,
  sources: [events],
  tools: [],
  prompts: [],
  async run({ input, read }) {
    const { count } = await read(events.name, { case_id: input.case_id });
    return { case_id: input.case_id, count };
  },
});
`,
  'cases/CASE-7.jsonl': '{"message":"one"}\n{"message":"two"}\n{"message":"three"}\n',
  'input.json': '{"case_id":"CASE-7"}\n',
};

/** Uses every public entrance of the SDK and of `verify`, under the strictest settings. */
export const CONSUMER: Readonly<Record<string, string>> = {
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      ...{ target: 'ES2024', module: 'nodenext', lib: ['ES2024', 'DOM'], types: ['node'], noEmit: true },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      ...{ verbatimModuleSyntax: true, isolatedModules: true, allowImportingTsExtensions: true },
    },
    include: ['*.ts', 'workflows/**/*.ts'],
  }),
  'consumer.ts': `import { type Digest, digestOf } from '@portreeve/contract';
import { defineTool, PortreeveError, type ToolContract } from '@portreeve/sdk';
import * as claude from '@portreeve/sdk/claude-agent';
import { createClient } from '@portreeve/sdk/client';
import { createGate } from '@portreeve/sdk/gate';
import * as managed from '@portreeve/sdk/managed-agents';
import * as openai from '@portreeve/sdk/openai-agents';
import { testWorkflow } from '@portreeve/sdk/testing';
import * as vercel from '@portreeve/sdk/vercel-ai';
import { createGrantVerifier, type GrantInfo, verifyFolder } from '@portreeve/verify';
import * as express from '@portreeve/verify/express';
import * as fastify from '@portreeve/verify/fastify';
import { memoryReplayStore } from '@portreeve/verify/grant';
import * as hono from '@portreeve/verify/hono';
import * as log from '@portreeve/verify/log';
import * as postgres from '@portreeve/verify/postgres';
import * as redis from '@portreeve/verify/redis';
import { z } from 'zod';
import workflow from './workflows/count-events/workflow.ts';

const refund: ToolContract = defineTool({
  name: 'refund_order',
  version: '1.0',
  title: 'Refund an order',
  description: 'Refunds one order.',
  tier: 3,
  effect: 'external',
  args: z.strictObject({ order: z.string() }),
  result: z.looseObject({ id: z.string() }),
  sinks: [{ path: '/order', kind: 'target' }],
  clearance: { confidentiality: 'internal' },
  undo: 'irreversible',
  timeout_ms: 5000,
  idempotency: 'key',
  audience: 'urn:shop',
  binding: { connector: 'http', method: 'POST', url: 'system://shop/refunds' },
});
const digest: Digest = digestOf(refund.name);
const subjectOf = (grant: GrantInfo): string => grant.subject;

const { result } = await testWorkflow(workflow, {
  input: { case_id: 'CASE-7' },
  sources: { 'case-events': [{ message: 'one' }] },
});
const entrances = { claude, managed, openai, vercel, express, fastify, hono, log, postgres, redis };
const missing = Object.entries(entrances).filter(([, names]) => Object.keys(names).length === 0);
const functions = [createClient, createGate, createGrantVerifier, verifyFolder, memoryReplayStore, subjectOf];
if (!functions.every((each) => typeof each === 'function') || missing.length > 0) throw new PortreeveError('internal', 'empty');
console.log(JSON.stringify({ digest, result }));
`,
};
