import { resolve } from 'node:path';
import { type ProjectConfig, reviewTool, type ToolFault } from '@portreeve/contract';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, style } from '../output.ts';
import type { GlobalOptions } from '../session.ts';
import { addDefinitions } from './definitions.ts';

interface CheckOptions extends GlobalOptions {
  readonly project?: string;
}

interface Reviewed {
  readonly workflow: string;
  readonly tool: string;
  readonly version: string;
  readonly faults: readonly ToolFault[];
}

export function addTool(
  program: Command,
  run: (action: (options: CheckOptions) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  const group = program.command('tool').description('tool contracts, and the definitions of tools behind the gateway');
  group
    .command('check')
    .description('review every tool contract of a project: name, bounds, undo, dry run, hosts (needs no server)')
    .option('--project <folder>', 'folder with portreeve.config.ts (default: the current one)')
    .action(run(check));
  addDefinitions(group, run as never);
}

async function check(options: CheckOptions): Promise<number> {
  const { loadProject } = await import('@portreeve/server');
  const project = await loadProject(resolve(options.project ?? '.'));
  const systems = systemsOf(project.config);
  const reviewed: Reviewed[] = project.workflows.flatMap(({ definition: { contract, tools } }) =>
    tools.map((tool) => ({
      workflow: contract.name,
      tool: tool.name,
      version: tool.version,
      faults: reviewTool(tool, { tools, systems }),
    })),
  );
  const ok = reviewed.every(({ faults }) => faults.length === 0);
  if (options.json) console.log(JSON.stringify({ ok, tools: reviewed }));
  else show(reviewed);
  return ok ? EXIT.done : EXIT.failed;
}

/** Where a companion listens is known only when it has started; it is on this machine. */
function systemsOf({ systems, companions }: ProjectConfig): ProjectConfig['systems'] {
  const started = companions.map(({ system }) => [system, { url: 'http://127.0.0.1', private: true }] as const);
  return { ...Object.fromEntries(started), ...systems };
}

function show(reviewed: readonly Reviewed[]): void {
  if (reviewed.length === 0) console.log('No tool is declared.');
  for (const { workflow, tool, version, faults } of reviewed) {
    const mark = faults.length === 0 ? style('green', '✓') : style('red', '✗');
    console.log(`${mark} ${printable(`${workflow}: ${tool} ${version}`)}`);
    for (const { rule, path, message, fix } of faults) {
      console.log(`  ${style('yellow', rule)} ${printable(`${path}: ${message}`)}`);
      console.log(`    fix: ${printable(fix)}`);
    }
  }
}
