import { join } from 'node:path';
import {
  dryRunContract,
  type ProjectConfig,
  RELEASE_DESK,
  RELEASE_TOOLS,
  type ToolContract,
} from '@portreeve/contract';
import { loadToolsets, toolsetOf } from '../mcp/toolsets.ts';
import { loadConfig } from './load-config.ts';
import { loadDefinition, sharedParts } from './load-definition.ts';

export interface ToolContracts {
  readonly folder: string;
  readonly config: ProjectConfig;
  readonly contracts: readonly ToolContract[];
  /** The contract of a tool as a release of a workflow has it; null where that release is not loaded. */
  find(workflow: string, release: string, tool: string): ToolContract | null;
}

/**
 * What an executor needs of a project: where systems are, and the contracts of its tools. A contract says which address is
 * called with which credential, so an executor takes it from the files of the release that the signed grant names, and never
 * from the database, where others write. Prompts are not read.
 */
export async function loadToolContracts(project: string): Promise<ToolContracts> {
  const { folder, config } = await loadConfig(project);
  const shared = await sharedParts(folder, config);
  const loaded = await Promise.all(config.workflows.map((path) => loadDefinition(join(folder, path), shared)));
  // Tools for agents outside: to a grant their set is what a workflow is, and the digest of its contracts the release.
  const declared = (await loadToolsets(folder, config.mcp)).map((set) => toolsetOf(set.config, set.tools));
  const releases = [
    ...loaded.map(({ release, definition: { contract, tools } }) => ({ name: contract.name, release, tools })),
    ...declared.map(({ facts, release, tools }) => ({ name: facts.name, release, tools })),
  ];
  return {
    folder,
    config,
    contracts: releases.flatMap(({ tools }) => tools),
    find(workflow, release, tool) {
      if (workflow === RELEASE_DESK) return RELEASE_TOOLS.find(({ name }) => name === tool) ?? null;
      const found = releases.find((each) => each.release === release && each.name === workflow);
      return found ? contractOf(tool, found.tools) : null;
    },
  };
}

/** A declared tool, or the dry run that the contract of one offers by taking its statement back. */
function contractOf(name: string, tools: readonly ToolContract[]): ToolContract | null {
  const declared = tools.find((each) => each.name === name);
  if (declared) return declared;
  const previews = tools.map((each) => dryRunContract(each, tools));
  return previews.find((each) => each?.name === name) ?? null;
}
