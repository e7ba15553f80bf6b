import { resolve } from 'node:path';
import { reviewTool, type ToolFault } from '@portreeve/contract';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { renderFaults } from '../render/faults.ts';
import type { GlobalOptions } from '../session.ts';
import { addDefinitions } from './definitions.ts';
import { systemsOf } from './systems-of.ts';

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

function show(reviewed: readonly Reviewed[]): void {
  if (reviewed.length === 0) console.log('No tool is declared.');
  for (const { workflow, tool, version, faults } of reviewed)
    console.log(renderFaults(`${workflow}: ${tool} ${version}`, faults));
}
