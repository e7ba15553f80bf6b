import { LAYERS, type ToolContract } from '@portreeve/contract';
import { toolAction, toolShapes } from './arguments.ts';
import { historyByTool } from './history.ts';
import type { DeclaredWorkflow } from './loosening.ts';
import { type Finding, Problems } from './problems.ts';
import { type Rule, readRules } from './rules.ts';
import type { PolicyLayers } from './sources.ts';
import { actionsNamed } from './validate.ts';

/** What rules may be about, where a project is there: every tool, and what its workflows declare. */
export interface KnownToLint {
  readonly tools: readonly ToolContract[];
  readonly declared: readonly DeclaredWorkflow[];
}

/**
 * Everything that is wrong with a set of policy files (`error`: nothing starts), and what only looks wrong (`warning`).
 * Never throws; sorted by file and line.
 */
export function lintPolicies(layers: PolicyLayers, known?: KnownToLint): Finding[] {
  const problems = new Problems();
  const findings: Finding[] = [];
  try {
    const rules = readRules(layers, toolShapes(known?.tools ?? [], historyByTool(known?.declared ?? [])), problems);
    // A layer whose files do not read is broken, which is said already, and not empty.
    const broken = new Set(problems.findings.map(({ file }) => file));
    findings.push(
      ...emptyLayers(layers, rules).filter(({ file }) => !broken.has(file)),
      ...rules.flatMap(suspicions),
      ...repetitions(rules),
      ...(known ? rules.flatMap((rule) => unknownProfile(rule, known)) : []),
    );
  } catch (error) {
    problems.addAt('policies', 1, null, {
      message: `they cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      help: 'Look for an expression that is nested or chained hundreds of times: the engine reads none that deep.',
    });
  }
  return [...problems.findings, ...findings].sort(
    (a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.message, b.message),
  );
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function emptyLayers(layers: PolicyLayers, rules: readonly Rule[]): Finding[] {
  return LAYERS.filter((layer) => !rules.some((rule) => rule.layer === layer && rule.mode === 'enforce')).map(
    (layer) => ({
      file: layers[layer]?.[0]?.file ?? `${layer}.cedar`,
      line: 1,
      rule: null,
      severity: 'error',
      message: `the layer ${layer} has no rule that decides, so it denies everything and nothing starts`,
      fix: `Add a permit to ${layer}.cedar for what this layer has nothing against.`,
    }),
  );
}

function suspicions(rule: Rule): Finding[] {
  const found: Finding[] = [];
  const warn = (message: string, fix: string) =>
    found.push({ file: rule.file, line: rule.line, rule: rule.id, severity: 'warning', message, fix });
  const { json } = rule;
  const isOpen = json.principal.op === 'All' && json.action.op === 'All' && json.resource.op === 'All';
  if (isOpen && rule.json.conditions.length === 0)
    warn(
      rule.effect === 'permit'
        ? `it permits everything, so the layer ${rule.layer} holds nothing back but what a forbid names`
        : `it forbids everything, so no rule of the layer ${rule.layer} matters`,
      'Name the principals, the actions or the resources that are meant.',
    );
  if (rule.effect === 'forbid' && rule.remedy === null && rule.next === null && rule.code !== 'out_of_scope')
    warn('whoever it refuses is not told what they can do', 'Add @next("…") with the next step, or a @remedy.');
  if (rule.mode === 'shadow')
    warn('it is in shadow mode and decides nothing', 'Take @mode("shadow") away once its reports look right.');
  return found;
}

/** A narrowing that no tool of the rule's offers: it can only refuse. */
function unknownProfile(rule: Rule, { tools, declared }: KnownToLint): Finding[] {
  const { remedy, workflow } = rule;
  if (remedy?.kind !== 'narrow') return [];
  const named = actionsNamed(rule.json);
  const isForAll = named === null || named.includes('act');
  const own =
    workflow === null ? tools : declared.flatMap((each) => (each.contract.name === workflow ? each.tools : []));
  const meant = own.filter(({ name }) => isForAll || named.includes(toolAction(name)));
  if (meant.some(({ profiles }) => Object.hasOwn(profiles, remedy.profile))) return [];
  const offered = [...new Set(meant.flatMap(({ profiles }) => Object.keys(profiles)))].sort();
  return [
    {
      ...{ file: rule.file, line: rule.line, rule: rule.id, severity: 'warning' },
      message: `no tool that it is about declares the profile ${remedy.profile}, so it can only refuse`,
      fix: `Declare ${remedy.profile} in \`profiles\` of the tool, or name one that is there (${offered.join(', ') || 'there is none'}).`,
    },
  ];
}

/** Rules that say the same under two ids: one of them is not needed, or is not what was meant. */
function repetitions(rules: readonly Rule[]): Finding[] {
  const firstBySense = new Map<string, Rule>();
  return rules.flatMap((rule): Finding[] => {
    const { effect, principal, action, resource, conditions } = rule.json;
    const sense = JSON.stringify([rule.layer, effect, principal, action, resource, conditions]);
    const first = firstBySense.get(sense);
    if (first === undefined) {
      firstBySense.set(sense, rule);
      return [];
    }
    if (rule.remedy !== null || first.remedy !== null || rule.notify.join() !== first.notify.join()) return [];
    return [
      {
        file: rule.file,
        line: rule.line,
        rule: rule.id,
        severity: 'warning',
        message: `it says the same as ${first.id} at ${first.file}:${first.line}`,
        fix: 'Remove one of the two, or correct the one that was meant differently.',
      },
    ];
  });
}
