import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ProjectConfigInput } from '@portreeve/contract';
import { ROOT } from '../repository.ts';
import { EXAMPLE } from './case-system.ts';
import { type Ended, type Started, start } from './processes.ts';

export const CLI = join(ROOT, 'packages/cli/src/main.ts');

interface Options {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
}

/** Starts the command as `npm start` does: the same Node, from the sources. There is no terminal. */
export function startCli(args: readonly string[], options: Options = {}): Started {
  return start(process.execPath, [CLI, ...args], options);
}

/** Runs the command to its end. */
export function cli(args: readonly string[], options: Options = {}): Promise<Ended> {
  return startCli(args, options).ended;
}

/** The one JSON document that `--json` promises, and nothing else. */
// biome-ignore lint/suspicious/noExplicitAny: each command has its own document; a test says what it expects of it
export function documentIn({ out, err }: Ended): any {
  const lines = out.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one line of JSON:\n${out}\n${err}`);
  return JSON.parse(lines[0] as string);
}

/** A project folder whose configuration is the example's but for what is given; the workflow is the example's own. */
export async function projectLikeExample(
  folder: string,
  given: Partial<Pick<ProjectConfigInput, 'models' | 'companions' | 'systems'>>,
): Promise<string> {
  const config: ProjectConfigInput = {
    environment: 'development',
    workflows: [relative(folder, join(EXAMPLE, 'workflows/incident-summary'))],
    companions: [
      {
        system: 'case-system',
        command: [
          ...['node', join(EXAMPLE, 'case-system/server.ts'), '--port', '0', '--data', '{state}'],
          ...['--issuer', '{issuer}', '--jwks', '{jwks}', '--read-token-file', '{secret:case-system-read-token}'],
        ],
      },
    ],
    ...given,
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'portreeve.config.ts'), `export default ${JSON.stringify(config, null, 2)};\n`);
  return folder;
}
