import {
  BOUNDARIES,
  type Clock,
  type RiskTier,
  type SourceContract,
  type ToolContract,
  tierFault,
  type WorkflowContract,
} from '@portreeve/contract';
import { createPolicyEngine, type PolicyEngine } from './engine.ts';
import { historyByTool } from './history.ts';
import { internalsOf } from './internals.ts';
import { plainAsk, plainRead, plainUse, READ_BOUNDARIES } from './probe-requests.ts';
import { type Finding, Problems } from './problems.ts';
import { type PolicyLayers, together, type WorkflowPolicies } from './sources.ts';

/** Tools with what the tiers say of their uses, as they are declared, and where: a workflow's, or a set's for agents outside. */
export interface DeclaredTools {
  readonly contract: Pick<WorkflowContract, 'name' | 'tier' | 'approvers' | 'scope' | 'boundaries'>;
  readonly tools: readonly ToolContract[];
  /** The files of the declaration with their texts, that of the workflow first, so that a finding can name the line. */
  readonly files?: readonly DeclaringFile[];
}

export interface DeclaredWorkflow extends DeclaredTools {
  readonly contract: WorkflowContract;
  readonly reads?: readonly SourceContract[];
}

export interface DeclaringFile {
  readonly file: string;
  readonly text: string;
}

const EPOCH: Clock = { now: () => new Date(0) };

/**
 * Everything by which a workflow, its tools or its rules would be less strict than the defaults of its tiers (requirements
 * A1 and C3). Empty: it only tightens. Throws `policy_broken` or `no_policy` where the rules themselves do not load.
 */
export function findLoosening(
  base: PolicyLayers,
  workflows: readonly DeclaredWorkflow[],
  policies: readonly WorkflowPolicies[] = [],
  toolsets: readonly DeclaredTools[] = [],
): Finding[] {
  const every: readonly DeclaredTools[] = [...workflows, ...toolsets];
  const engine = createPolicyEngine({
    layers: together(base, policies),
    clock: EPOCH,
    tools: distinctTools(every),
    history: historyByTool(workflows),
  });
  return [
    ...every.flatMap((declared) => [
      ...declared.tools.flatMap((tool) => contradictions(declared, tool)),
      ...weakRemedies(engine, declared),
      ...looserThanTier(engine, declared),
      ...openBoundaries(engine, declared),
    ]),
    ...redeclared(every),
  ];
}

/**
 * The base with the rules of workflows, all checked, and nothing looser than the tiers. Throws `policy_broken` with every
 * finding, each with file and line.
 */
export function combineDeclared(
  base: PolicyLayers,
  workflows: readonly DeclaredWorkflow[],
  policies: readonly WorkflowPolicies[] = [],
  toolsets: readonly DeclaredTools[] = [],
): PolicyLayers {
  const problems = new Problems();
  for (const { file, line, rule, message, fix, severity } of findLoosening(base, workflows, policies, toolsets))
    if (severity === 'error') problems.addAt(file, line, rule, { message, help: fix });
  problems.throwIfAny();
  return together(base, policies);
}

function distinctTools(workflows: readonly DeclaredTools[]): ToolContract[] {
  return [...new Map(workflows.flatMap(({ tools }) => tools.map((tool) => [tool.name, tool]))).values()];
}

/** The file that declares the workflow itself. */
const fileOf = ({ files, contract }: DeclaredTools) => files?.[0]?.file ?? `workflow ${contract.name}`;

/** Where a tool says its tier; where the texts do not tell, where the workflow names its tools. Lines count from 1. */
function toolPlace(declared: DeclaredTools, tool: ToolContract): { file: string; line: number } {
  const named = new RegExp(`name:\\s*['"\`]${tool.name}['"\`]`);
  for (const { file, text } of declared.files ?? []) {
    const at = text.search(named);
    if (at >= 0) return { file, line: lineOf(text, /\btier\s*:/, at) };
  }
  return { file: fileOf(declared), line: lineOf(declared.files?.[0]?.text ?? '', /\btools\b/) };
}

function lineOf(text: string, pattern: RegExp, after = 0): number {
  const at = text.slice(after).search(pattern);
  return text.slice(0, at < 0 ? after : after + at).split('\n').length;
}

/** What a tool says of itself against what C3 says of such actions. */
function contradictions(declared: DeclaredTools, tool: ToolContract): Finding[] {
  const place = toolPlace(declared, tool);
  const found: Finding[] = [];
  const add = (severity: Finding['severity'], message: string, fix: string) =>
    found.push({ ...place, rule: null, severity, message: `the tool ${tool.name} ${message}`, fix });
  const fault = tierFault(tool);
  if (fault) add('error', fault.message, fault.fix);
  else if (tool.effect !== 'read' && tool.tier === 1)
    add(
      'warning',
      'changes something, and its tier is 1 (reads and lookups)',
      'Declare tier 2, so that people are told.',
    );
  if (tool.tier === 4)
    add(
      'warning',
      'is for people only, so every run that proposes it is refused',
      'Prepare the work and hand it over.',
    );
  return found;
}

/** How many approvals the tier asks for at least, where it asks. */
const QUORUM: Readonly<Record<RiskTier, number>> = { low: 1, medium: 1, high: 1, critical: 2 };

function weakRemedies(engine: PolicyEngine, { contract }: DeclaredTools): Finding[] {
  return internalsOf(engine).rules.flatMap((rule): Finding[] => {
    if (rule.workflow !== contract.name || rule.remedy?.kind !== 'approval') return [];
    if (rule.remedy.quorum >= QUORUM[contract.tier]) return [];
    return [
      {
        file: rule.file,
        line: rule.line,
        rule: rule.id,
        severity: 'error',
        message: `asks for ${rule.remedy.quorum} approval, and a ${contract.tier} workflow needs ${QUORUM[contract.tier]}`,
        fix: `Ask for ${QUORUM[contract.tier]} in the @remedy, and test for as many in the condition.`,
      },
    ];
  });
}

/** What the rules say of each declared tool must be at least what the tiers say. */
function looserThanTier(engine: PolicyEngine, declared: DeclaredTools): Finding[] {
  const { contract, tools } = declared;
  const rules = new Map(internalsOf(engine).rules.map((rule) => [rule.id, rule]));
  return tools.flatMap((tool) => {
    const needed = approvalsNeeded(contract.tier, tool);
    const told = noticeNeeded(contract.tier, tool);
    for (let given = 0; given < Math.max(needed, 1); given++) {
      const approvers = Array.from({ length: given }, (_, index) => `prn_approver${index}`);
      const request = {
        ...plainUse(tool, {
          role: 'requester',
          tier: contract.tier,
          environment: 'production',
          workflow: contract.name,
          tools: contract.scope.tools,
          approvers: contract.approvers,
          history: internalsOf(engine).shapes.get(tool.name)?.unused,
        }),
        // Signed as well as can be: what is probed here is how many.
        approval:
          given === 0
            ? null
            : { approvers, groups: [...contract.approvers], by_passkey: approvers, by_device: approvers },
      };
      const decision = engine.decide(request);
      const failed = decision.layers.find(({ effect }) => effect === 'error');
      if (failed !== undefined)
        return [
          {
            ...toolPlace(declared, tool),
            rule: null,
            severity: 'error',
            message: `the tool ${tool.name} cannot be judged: ${failed.errors[0]}`,
            fix: 'Correct the rule or the schema of the arguments; until then every use of the tool is refused.',
          },
        ];
      if (decision.outcome !== 'permit' && decision.outcome !== 'notify') continue;
      const loose = given < needed;
      if (!loose && !(told && decision.outcome === 'permit')) continue;
      const opening = decision.layers.flatMap((layer) => (layer.layer === 'action' ? layer.rules : []));
      const rule = rules.get(opening[0] ?? '');
      const lets = `lets the ${contract.tier} workflow ${contract.name} use ${tool.name} (tier ${tool.tier})`;
      return [
        {
          file: rule?.file ?? fileOf(declared),
          line: rule?.line ?? 1,
          rule: rule?.id ?? null,
          severity: 'error',
          message: loose
            ? `${lets} with ${given} approvals, and its tiers need ${tool.tier === 4 ? 'a person to do it' : needed}`
            : `${lets} and tells nobody, and its tiers need that its approvers are told`,
          fix: loose
            ? 'Restore the forbid of the tier in the action layer, or narrow the permit.'
            : 'Give the permit `@notify("$workflow")`, as `action.tier-2` and `action.effects-notify` of the baseline have it.',
        },
      ];
    }
    return [];
  });
}

/** Rules of a project's own in place of the baseline must hold a workflow to the boundaries that it has answered (A6). */
function openBoundaries(engine: PolicyEngine, declared: DeclaredTools): Finding[] {
  const { contract } = declared;
  if (!contract.boundaries) return [];
  return BOUNDARIES.flatMap((boundary): Finding[] => {
    if (boundary === 'none') return [];
    const probe = READ_BOUNDARIES.includes(boundary) ? plainRead : plainAsk;
    const open = engine.decide(probe(contract, boundary));
    if (open.outcome !== 'permit' && open.outcome !== 'notify') return [];
    return [
      {
        ...{ file: fileOf(declared), line: 1, rule: null, severity: 'error' },
        message: `nothing holds the workflow ${contract.name} to its boundaries: \`${boundary}\` stands against a use, and it is permitted`,
        fix: 'Take the rules `data.boundary-…` of the baseline into the data layer of policies/.',
      },
    ];
  });
}

/** The fewest approvals by requirements A1 and C3. Tier 4 is for people only: as many as are probed do not open it. */
function approvalsNeeded(risk: RiskTier, tool: ToolContract): number {
  if (tool.tier === 4) return 3;
  const acts = tool.effect !== 'read';
  if (risk === 'critical' && (acts || tool.tier === 3)) return 2;
  if (tool.tier === 3 || (acts && (risk === 'high' || tool.undo === 'irreversible'))) return 1;
  return 0;
}

/** Whether people are told of it where nobody has to approve it, by requirements A1 and C3. */
const noticeNeeded = (risk: RiskTier, tool: ToolContract): boolean =>
  tool.tier === 2 || (tool.effect !== 'read' && risk !== 'low');

/** One tool under two declarations: the looser one would be a way round the stricter. */
function redeclared(workflows: readonly DeclaredTools[]): Finding[] {
  const strictest = new Map<string, { tool: ToolContract; by: string }>();
  const all = workflows.flatMap((declared) => declared.tools.map((tool) => ({ declared, tool })));
  for (const { declared, tool } of all) {
    const known = strictest.get(tool.name);
    if (known === undefined || tool.tier > known.tool.tier)
      strictest.set(tool.name, { tool, by: declared.contract.name });
  }
  return all.flatMap(({ declared, tool }): Finding[] => {
    const { tool: strict, by } = strictest.get(tool.name)!;
    if (tool.tier >= strict.tier) return [];
    return [
      {
        ...toolPlace(declared, tool),
        rule: null,
        severity: 'error',
        message: `the tool ${tool.name} has tier ${tool.tier} here and tier ${strict.tier} in the workflow ${by}`,
        fix: `Declare tier ${strict.tier} here too, or give the tool another name.`,
      },
    ];
  });
}
