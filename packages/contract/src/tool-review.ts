import { dryRunFault } from './dry-run.ts';
import { hostFaults } from './host-faults.ts';
import type { ProjectConfig } from './project.ts';
import { recoveryFaults } from './recovery-faults.ts';
import { unboundedAt } from './schema-bounds.ts';
import { addressesOf } from './tool-binding.ts';
import { bindingFaults } from './tool-binding-faults.ts';
import type { ToolContract } from './workflow.ts';

export const TOOL_RULES = ['name', 'binding', 'bounds', 'undo', 'status', 'dry-run', 'host', 'plain'] as const;
export type ToolRule = (typeof TOOL_RULES)[number];

/** What is wrong with a contract, where, and what to do about it. */
export interface ToolFault {
  readonly tool: string;
  readonly rule: ToolRule;
  /** The field of the contract. */
  readonly path: string;
  readonly message: string;
  readonly fix: string;
}

/** Words that would let one right cover many acts: as the verb, or as all that is said of the object (requirement F2). */
const BROAD_VERBS =
  /^(manage|admin|administer|execute|exec|run|do|call|invoke|perform|handle|process|operate|control|eval|access|any|all|sudo)$/;
const BROAD_OBJECTS =
  /^(query|queries|sql|statement|command|commands|shell|script|code|request|requests|api|action|actions|operation|operations|anything|everything|any|all|data|thing|things|stuff)$/;

export interface ReviewContext {
  /** All tools of the workflow. */
  readonly tools: readonly ToolContract[];
  readonly systems: ProjectConfig['systems'];
}

/** Reviews one contract (requirement F2). No fault: it says one act, bounded, undoable or not, to declared places. */
export function reviewTool(contract: ToolContract, context: ReviewContext): ToolFault[] {
  const faults: ToolFault[] = [];
  const report = (rule: ToolRule, path: string, message: string, fix: string): void => {
    faults.push({ tool: contract.name, rule, path, message, fix });
  };
  reviewName(contract, report);
  for (const { path, message } of bindingFaults(contract)) {
    report(
      'binding',
      path,
      message,
      'Let each argument have one place in the binding, and the binding do what is declared.',
    );
  }
  for (const [index, { path }] of contract.sinks.entries()) {
    for (const message of unboundedAt(contract.args, path)) {
      report('bounds', `sinks[${index}]`, message, 'Give it an enum, or a length, range or number of items in `args`.');
    }
  }
  reviewUndo(contract, context, report);
  reviewDryRun(contract, context, report);
  reviewHosts(contract, context, report);
  return faults;
}

type Report = (rule: ToolRule, path: string, message: string, fix: string) => void;

function reviewName({ name, title }: ToolContract, report: Report): void {
  const words = name.split(/[-_]/);
  const [verb = ''] = words;
  const fix = `Say one verb, one object and its bound, as in disable_user_mfa_for_60_minutes; the title is “${title}”.`;
  if (words.length < 2) report('name', 'name', `${name} names a verb and no object`, fix);
  if (BROAD_VERBS.test(verb)) report('name', 'name', `${verb} covers many acts`, fix);
  if (words.length > 1 && BROAD_OBJECTS.test(words.at(-1)!)) {
    report('name', 'name', `${words.at(-1)} is no object that a policy could be about`, fix);
  }
}

function reviewUndo(contract: ToolContract, { tools }: ReviewContext, report: Report): void {
  if (contract.effect === 'read') return;
  if (contract.undo === 'irreversible' && contract.tier === 1) {
    const fix = 'Give it tier 2 or more, or name the tool that undoes it.';
    report('undo', 'undo', 'is irreversible and automatic', fix);
  }
  for (const { rule, path, message, fix } of recoveryFaults(contract, tools)) report(rule, path, message, fix);
}

function reviewDryRun(contract: ToolContract, { tools }: ReviewContext, report: Report): void {
  const fault = dryRunFault(contract, tools);
  if (fault === null) return;
  report('dry-run', 'dry_run', fault, 'Name a declared tool of effect `read` that takes the same arguments.');
}

function reviewHosts({ binding }: ToolContract, { systems }: ReviewContext, report: Report): void {
  const clear = 'tls' in binding && binding.tls === 'none';
  for (const { rule, message, fix } of addressesOf(binding).flatMap((address) => hostFaults(address, systems, clear)))
    report(rule, 'binding', message, fix);
}
