import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Person, signIn } from '../../test/support/people.ts';
import { type Child, startChild } from '../lib/children.ts';
import type { Given } from './serve.ts';

/** The product as one process on a database, with what its runs talk to; both can be stopped, and the product started again. */
export interface House {
  readonly child: Child;
  readonly outside: string;
  readonly people: { readonly analyst: Person; readonly lead: Person; readonly operator: Person };
  /** Milliseconds from the start of the process until it listened. */
  readonly start_ms: number;
  restart(): Promise<House>;
  /** With `outside` left running, for the next one. */
  stop(): Promise<void>;
}

const PROJECT = fileURLToPath(new URL('./project/', import.meta.url));

/** The process that stands for every system outside. */
export const startOutside = (): Promise<Child> => startChild(new URL('./outside.ts', import.meta.url), {});

export async function startHouse(options: {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly outside: string;
}): Promise<House> {
  const { folder, databaseUrl, outside } = options;
  const project = join(folder, 'project');
  const stateFolder = join(folder, 'state');
  await mkdir(project, { recursive: true });
  const workflows = ['note-order', 'pay-order'].map((name) => relative(project, join(PROJECT, 'workflows', name)));
  const model = {
    ...{ name: 'claude', kind: 'anthropic', model: 'claude-bench-1', base_url: outside, where: 'inside' },
    ...{ secret: 'anthropic-api-key', clearance: { confidentiality: 'restricted', categories: [] } },
  };
  // Requests come as from many addresses (`from-many.ts`).
  const identity = { trusted_proxies: ['127.0.0.0/8'] };
  const config = { environment: 'development', workflows, models: [model], identity };
  await writeFile(join(project, 'portreeve.config.ts'), `export default ${JSON.stringify(config)};\n`);
  const given: Given = { project, stateFolder, databaseUrl, outside };
  const begun = performance.now();
  const child = await startChild(new URL('./serve.ts', import.meta.url), given);
  const start_ms = performance.now() - begun;
  const as = (name: string) => signIn(child.url, stateFolder, name);
  const people = { analyst: await as('analyst'), lead: await as('lead'), operator: await as('operator') };
  const stop = () => child.stop();
  return {
    ...{ child, outside, people, start_ms, stop },
    async restart() {
      await stop();
      return startHouse(options);
    },
  };
}
