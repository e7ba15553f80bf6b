import { covers } from './labels.ts';
import { mappingFaults } from './mapping-faults.ts';
import type { ToolContract } from './workflow.ts';

/** What is wrong with the way in which a contract is undone, or in which its outcome is found out. */
export interface RecoveryFault {
  readonly rule: 'undo' | 'status';
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** Reviews `undo` and `status` of one contract against the tools of its workflow (requirements F2, F9, F10). */
export function recoveryFaults(contract: ToolContract, tools: readonly ToolContract[]): RecoveryFault[] {
  return [...undoFaults(contract, tools), ...statusFaults(contract, tools)];
}

function undoFaults(contract: ToolContract, tools: readonly ToolContract[]): RecoveryFault[] {
  const { undo, name } = contract;
  if (undo === 'irreversible') return [];
  const fault = (path: string, message: string, fix: string): RecoveryFault => ({ rule: 'undo', path, message, fix });
  if (undo.tool === name) return [fault('undo.tool', 'a tool does not undo itself', 'Name another tool.')];
  const other = tools.find((each) => each.name === undo.tool);
  if (!other) {
    const fix = `Define ${undo.tool} and put it into the workflow, or say \`irreversible\`.`;
    return [fault('undo.tool', `${undo.tool} is no tool of the workflow`, fix)];
  }
  const faults: RecoveryFault[] = [];
  if (other.effect === 'read')
    faults.push(fault('undo.tool', `${undo.tool} only reads`, 'Name a tool that takes the effect back.'));
  if (!covers(other.clearance, contract.clearance)) {
    const fix = `Give ${undo.tool} the clearance of ${name}: it is passed the same data.`;
    faults.push(fault('undo.tool', `${undo.tool} is not cleared for what ${name} may be given`, fix));
  }
  const sources = { args: contract.args, result: contract.result };
  const what = { target: undo.tool, sources: { args: `the arguments of ${name}`, result: `the result of ${name}` } };
  for (const { argument, message, fix } of mappingFaults(undo.args, other.args, sources, what))
    faults.push(fault(`undo.args.${argument}`, message, fix));
  return faults;
}

function statusFaults(contract: ToolContract, tools: readonly ToolContract[]): RecoveryFault[] {
  const { status, name } = contract;
  if (status === undefined) return [];
  const fault = (path: string, message: string, fix: string): RecoveryFault => ({ rule: 'status', path, message, fix });
  if (contract.effect === 'read')
    return [fault('status', 'only reads: there is nothing to find out', 'Take `status` out.')];
  const other = tools.find((each) => each.name === status.tool);
  if (!other) {
    const fix = `Define ${status.tool} and put it into the workflow, or take \`status\` out.`;
    return [fault('status.tool', `${status.tool} is no tool of the workflow`, fix)];
  }
  const faults: RecoveryFault[] = [];
  const fix = 'Name a tool of tier 1 that only reads: nobody is there to approve the question.';
  if (other.effect !== 'read') faults.push(fault('status.tool', `${status.tool} has effects`, fix));
  if (other.tier !== 1) faults.push(fault('status.tool', `${status.tool} is of tier ${other.tier}`, fix));
  if (!covers(other.clearance, contract.clearance)) {
    const cleared = `Give ${status.tool} the clearance of ${name}: it is passed the same data.`;
    faults.push(fault('status.tool', `${status.tool} is not cleared for what ${name} may be given`, cleared));
  }
  const asked = Object.fromEntries(
    Object.entries(status.args).map(([argument, part]) => [
      argument,
      'from' in part && part.from === 'key' ? { from: 'key', pointer: '/key' } : part,
    ]),
  );
  const key = { type: 'object', required: ['key'], properties: { key: { type: 'string' } } };
  const names = { args: `the arguments of ${name}`, key: 'the call', answer: `the answer of ${status.tool}` };
  for (const each of mappingFaults(
    asked,
    other.args,
    { args: contract.args, key },
    { target: status.tool, sources: names },
  ))
    faults.push(fault(`status.args.${each.argument}`, each.message, each.fix));
  const sources = { args: contract.args, answer: other.result };
  for (const each of mappingFaults(status.result, contract.result, sources, {
    target: `the result of ${name}`,
    sources: names,
  }))
    faults.push(fault(`status.result.${each.argument}`, each.message, each.fix));
  const heard = (['happened', 'did_not_happen'] as const).map((kind) => {
    const { pointer, equals } = status[kind];
    const [unheard] = mappingFaults(
      { it: { from: 'answer', pointer } },
      { type: 'object', properties: { it: {} } },
      { answer: other.result },
      { target: 'it', sources: names },
    );
    if (unheard) faults.push(fault(`status.${kind}`, unheard.message, `Declare it in the result of ${status.tool}.`));
    return `${pointer}=${JSON.stringify(equals)}`;
  });
  if (heard[0] === heard[1])
    faults.push(fault('status', 'says the same where it happened and where it did not', 'Let them differ.'));
  return faults;
}
