import type { JsonObject } from './canonical.ts';
import { PortreeveError } from './errors.ts';
import { type ToolContract, toolContractSchema } from './workflow.ts';

const NAME_CHARS_MAX = 64;

/**
 * The tool by which a dry run of a contract passes the gate, with the same arguments; null where the contract offers
 * none. It is a tool like any other, of effect `read`: it is proposed, decided, granted and recorded as such, and since
 * a grant names its tool, the grant of a dry run never makes the call itself, nor the other way round.
 *
 * Throws `misconfigured` where there is a {@link dryRunFault}.
 */
export function dryRunContract(contract: ToolContract, tools: readonly ToolContract[]): ToolContract | null {
  const { dry_run, binding } = contract;
  if (dry_run === undefined) return null;
  const fault = dryRunFault(contract, tools);
  if (fault !== null) throw new PortreeveError('misconfigured', `${contract.name}: ${fault}.`);
  if (dry_run.by === 'tool') return tools.find((each) => each.name === dry_run.tool)!;
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

/** Why a contract cannot have the dry run that it offers; null where it can, or offers none. */
export function dryRunFault(contract: ToolContract, tools: readonly ToolContract[]): string | null {
  const { dry_run, binding, args } = contract;
  if (dry_run === undefined) return null;
  if (dry_run.by === 'rollback') {
    const isWrite = binding.connector === 'postgres' && binding.mode === 'write';
    return isWrite ? null : 'only a PostgreSQL statement that writes can be taken back';
  }
  const other = tools.find((each) => each.name === dry_run.tool);
  if (!other) return `${dry_run.tool} is no tool of the workflow`;
  if (other.effect !== 'read') return `${dry_run.tool} has effects`;
  const known = Object.keys((other.args.properties ?? {}) as JsonObject);
  const given = Object.keys((args.properties ?? {}) as JsonObject);
  const always = (args.required ?? []) as readonly string[];
  const untaken = given.find((name) => !known.includes(name));
  if (untaken !== undefined) return `${dry_run.tool} does not take the argument ${untaken}`;
  const needed = ((other.args.required ?? []) as readonly string[]).find((name) => !always.includes(name));
  return needed === undefined ? null : `${dry_run.tool} needs the argument ${needed}, which may be left out`;
}
