import { PortreeveError } from './errors.ts';
import { type ToolContract, toolContractSchema } from './workflow.ts';

const NAME_CHARS_MAX = 64;

/**
 * The tool by which a dry run of a contract passes the gate, with the same arguments; null where the contract offers
 * none. It is a tool like any other, of effect `read`: it is proposed, decided, granted and recorded as such, and since
 * a grant names its tool, the grant of a dry run never makes the call itself, nor the other way round.
 *
 * Throws `misconfigured` where the contract names a tool that is not there or has effects.
 */
export function dryRunContract(contract: ToolContract, tools: readonly ToolContract[]): ToolContract | null {
  const { dry_run, binding } = contract;
  if (dry_run === undefined) return null;
  if (dry_run.by === 'tool') {
    const other = tools.find((each) => each.name === dry_run.tool);
    if (other?.effect === 'read') return other;
    throw new PortreeveError('misconfigured', `${contract.name}: ${dry_run.tool} is no declared tool that only reads.`);
  }
  if (binding.connector !== 'postgres' || binding.mode !== 'write') {
    throw new PortreeveError(
      'misconfigured',
      `${contract.name}: only a PostgreSQL statement that writes can be taken back.`,
    );
  }
  // A preview destroys nothing: it is there for the person who looks first.
  const { dry_run: _, destructive: __, status: ___, ...rest } = contract;
  return toolContractSchema.parse({
    ...rest,
    name: `preview_${contract.name}`.slice(0, NAME_CHARS_MAX).replace(/[-_]+$/, ''),
    title: `Preview: ${contract.title}`.slice(0, 120),
    tier: 1,
    effect: 'read',
    profiles: {},
    undo: 'irreversible',
    idempotency: 'none',
    binding: { ...binding, mode: 'rollback' },
  });
}
