import { digestOf, PortreeveError, RELEASE_DESK, RELEASE_TOOLS, type ToolContract } from '@portreeve/contract';

const DIGESTS: ReadonlyMap<string, string> = new Map(
  RELEASE_TOOLS.map((contract) => [contract.name, digestOf(contract)]),
);

/**
 * Throws `bad_input` for a tool that Portreeve carries out itself and that is not one of the house's own, as a contract of a
 * lower tier would be, or that is wished for from anywhere but the desk that it belongs to.
 */
export function assertHouseTool(contract: ToolContract, workflow: string): void {
  const own = DIGESTS.get(contract.name);
  if (contract.binding.connector !== 'house' && own === undefined && workflow !== RELEASE_DESK) return;
  if (own === digestOf(contract) && workflow === RELEASE_DESK) return;
  throw new PortreeveError('bad_input', `${contract.name} is not a tool of this house, or not to be used from here.`, {
    next: 'Give the tool another name and a binding of its own; releases move by `portreeve release`.',
  });
}
