import {
  addressesOf,
  PortreeveError,
  type ProjectConfig,
  resolveSystemUrl,
  type SourceContract,
  type ToolContract,
} from '@portreeve/contract';

/*
 * Contracts name systems (`system://NAME/…`); each environment says where they are. An address is looked up when it is
 * used and never stored, so that releases, approvals and waiting runs outlive a system that moves.
 */

/** Throws `misconfigured` where a tool or a source names a system that is not configured: said at the start, not at a call. */
export function checkSystems(
  definition: { tools: readonly ToolContract[]; sources: readonly SourceContract[] },
  systems: ProjectConfig['systems'],
): void {
  for (const { name, binding } of definition.tools)
    for (const address of addressesOf(binding)) bound(name, address, systems);
  for (const source of definition.sources) bindSource(source, systems);
}

export function bindSource(contract: SourceContract, systems: ProjectConfig['systems']): SourceContract {
  if (contract.binding.kind !== 'http') return contract;
  return { ...contract, binding: { ...contract.binding, url: bound(contract.name, contract.binding.url, systems) } };
}

function bound(name: string, url: string, systems: ProjectConfig['systems']): string {
  const address = resolveSystemUrl(url, systems);
  if (address === null) {
    throw new PortreeveError('misconfigured', `${name} names ${url}, and no such system is configured.`, {
      next: 'Add it under `systems` in portreeve.config.ts.',
    });
  }
  return address;
}
