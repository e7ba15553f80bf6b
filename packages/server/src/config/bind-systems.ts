import {
  PortreeveError,
  type ProjectConfig,
  resolveSystemUrl,
  type SourceContract,
  type ToolContract,
} from '@portreeve/contract';

/** The contract with the address of its system in this environment. The contract's own text, and so its release, stays. */
export function bindTool(contract: ToolContract, systems: ProjectConfig['systems']): ToolContract {
  return { ...contract, binding: { ...contract.binding, url: bound(contract.name, contract.binding.url, systems) } };
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
