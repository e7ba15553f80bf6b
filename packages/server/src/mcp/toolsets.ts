import { resolve } from 'node:path';
import {
  bindingFaults,
  type Digest,
  digestOf,
  dryRunFault,
  fieldErrors,
  type JsonObject,
  type McpDeclaredToolset,
  type McpUpstream,
  PortreeveError,
  type ProjectConfig,
  type ToolContract,
  toolContractSchema,
} from '@portreeve/contract';
import type { Toolset } from '@portreeve/gate';
import { z } from 'zod';
import { importDefault } from '../config/load-config.ts';

/** Tools that the project declares itself, for agents outside (requirement F12). */
export interface DeclaredToolset {
  readonly config: McpDeclaredToolset;
  readonly tools: readonly ToolContract[];
}

/** Loads the toolsets of a project. Throws `misconfigured` with file and field. */
export async function loadToolsets(folder: string, config: ProjectConfig['mcp']): Promise<DeclaredToolset[]> {
  const loaded: DeclaredToolset[] = [];
  for (const toolset of config.toolsets)
    loaded.push({ config: toolset, tools: await loadTools(resolve(folder, toolset.tools)) });
  const names = loaded.flatMap(({ tools }) => tools.map(({ name }) => name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new PortreeveError('misconfigured', `mcp: two tools are called ${twice}.`);
  return loaded;
}

async function loadTools(file: string): Promise<ToolContract[]> {
  const parsed = z
    .array(toolContractSchema)
    .min(1)
    .max(256)
    .safeParse(await importDefault(file));
  if (!parsed.success)
    throw new PortreeveError('misconfigured', `${file} exports no list of tools.`, {
      errors: fieldErrors(parsed.error),
      next: 'Export `[defineTool({ … })]` of @portreeve/sdk by default.',
    });
  const tools = parsed.data;
  for (const tool of tools) {
    const [fault] = bindingFaults(tool);
    const dryRun = dryRunFault(tool, tools);
    const why = fault ? `${fault.path}: ${fault.message}` : (dryRun ?? undoFault(tool, tools));
    if (why) throw new PortreeveError('misconfigured', `${file}: ${tool.name}: ${why}`);
  }
  return tools;
}

/** An undo is asked for here, later and by somebody else: what only the caller could do is none. */
function undoFault({ undo }: ToolContract, tools: readonly ToolContract[]): string | null {
  const by = undo === 'irreversible' ? undefined : tools.find(({ name }) => name === undo.tool);
  return by?.binding.connector === 'caller'
    ? `undo: ${by.name} is carried out by its caller, so nothing is undone`
    : null;
}

/** What policy knows of a set of tools, and the digest that names its release. */
export function toolsetOf(config: McpDeclaredToolset | McpUpstream, tools: readonly ToolContract[]): Toolset {
  const { name, risk, approvers, approval_timeout_minutes } = config;
  return {
    facts: { name, tier: risk, tools: tools.map((tool) => tool.name), sources: [], approvers: [...approvers] },
    release: releaseOf(name, tools),
    approval_timeout_minutes,
    tools,
  };
}

function releaseOf(name: string, tools: readonly ToolContract[]): Digest {
  const contracts = [...tools].sort((a, b) => (a.name < b.name ? -1 : 1));
  return digestOf(JSON.parse(JSON.stringify({ v: 1, toolset: name, contracts })) as JsonObject);
}
