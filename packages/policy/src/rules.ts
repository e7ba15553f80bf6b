import { type PolicyId, type PolicyJson, policySetTextToParts, policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { LAYERS, type Layer, PortreeveError, type Remedy } from '@portreeve/contract';
import { type Annotated, readAnnotations } from './annotations.ts';
import { lineOfByte, Problems, ruleBefore } from './problems.ts';
import type { PolicyLayers, PolicySource } from './sources.ts';
import { checkRules } from './validate.ts';

/** One rule, checked. */
export interface Rule {
  readonly id: PolicyId;
  readonly layer: Layer;
  readonly effect: 'permit' | 'forbid';
  /** Stable reason code, for machines. */
  readonly code: string;
  /** Why, in a sentence for people. */
  readonly reason: string;
  /** What the caller can do, in a sentence; `null` where Portreeve words it. */
  readonly next: string | null;
  readonly remedy: Remedy | null;
  readonly notify: readonly string[];
  /** The workflow that the rule holds for; `null`: all. */
  readonly workflow: string | null;
  readonly file: string;
  /** Where the rule begins in the file, from 1. */
  readonly line: number;
  /** The rule as it was written. */
  readonly text: string;
  /** The rule as it is evaluated: text, or JSON where the guard of a workflow was added. */
  readonly policy: string | PolicyJson;
  readonly json: PolicyJson;
}

/**
 * Reads and checks every rule of every file against the annotations and the schema (strict). Throws `policy_broken` with
 * every problem found, each with file, line and rule. Says nothing about empty layers.
 */
export function compileRules(layers: PolicyLayers): Rule[] {
  const problems = new Problems();
  const rules: Rule[] = [];
  for (const layer of LAYERS)
    for (const source of layers[layer] ?? []) rules.push(...readSource(layer, source, problems));

  const firstById = new Map<string, Rule>();
  for (const rule of rules) {
    if (rule.id === '') continue;
    const first = firstById.get(rule.id);
    if (first === undefined) firstById.set(rule.id, rule);
    else problems.add(rule, `the id is used before, at ${first.file}:${first.line}: ids are unique over all layers`);
  }
  checkRules([...firstById.values()], problems);
  problems.throwIfAny();
  return rules;
}

/** Throws `no_policy` unless every layer has a rule. */
export function requireAllLayers(rules: readonly Rule[]): void {
  const empty = LAYERS.filter((layer) => !rules.some((rule) => rule.layer === layer));
  if (empty.length > 0) throw new PortreeveError('no_policy', `no rules in the layer ${empty.join(', ')}`);
}

function readSource(layer: Layer, source: PolicySource, problems: Problems): Rule[] {
  const parts = policySetTextToParts(source.text);
  if (parts.type === 'failure') {
    for (const error of parts.errors) {
      const start = error.sourceLocations?.[0]?.start ?? 0;
      problems.addAt(source.file, lineOfByte(source.text, start), ruleBefore(source.text, start), error);
    }
    return [];
  }
  const lines = lineFinder(source.text);
  for (const text of parts.policy_templates)
    problems.addAt(source.file, lines(text), null, { message: 'templates are not supported', help: null });
  return parts.policies
    .map((text) => ({ text, line: lines(text) }))
    .sort((a, b) => a.line - b.line)
    .flatMap(({ text, line }) => readRule(layer, source, text, line, problems));
}

function readRule(layer: Layer, source: PolicySource, text: string, line: number, problems: Problems): Rule[] {
  const parsed = policyToJson(text);
  if (parsed.type === 'failure') {
    for (const error of parsed.errors) problems.addAt(source.file, line, ruleBefore(text, text.length), error);
    return [];
  }
  const { json } = parsed;
  const { annotated, faults } = readAnnotations(json);
  const place = { file: source.file, line, id: annotated.id };
  for (const fault of faults) problems.add(place, fault);
  if (source.workflow !== undefined && json.effect === 'permit')
    problems.add(place, `a workflow's own policy may only forbid: this permits (workflow ${source.workflow})`);
  return [toRule(layer, source, { text, line, json, annotated })];
}

function toRule(
  layer: Layer,
  source: PolicySource,
  read: { text: string; line: number; json: PolicyJson; annotated: Annotated },
): Rule {
  const workflow = source.workflow ?? null;
  return {
    ...read.annotated,
    layer,
    effect: read.json.effect,
    workflow,
    file: source.file,
    line: read.line,
    text: read.text,
    json: read.json,
    policy: workflow === null ? read.text : onlyFor(workflow, read.json),
  };
}

/** The rule with `context has workflow && context.workflow == Workflow::"…"` in front of its conditions. */
function onlyFor(workflow: string, json: PolicyJson): PolicyJson {
  const context = { Var: 'context' } as const;
  const same = {
    '==': {
      left: { '.': { left: context, attr: 'workflow' } },
      right: { Value: { __entity: { type: 'Workflow', id: workflow } } },
    },
  };
  const guard = { '&&': { left: { has: { left: context, attr: 'workflow' } }, right: same } };
  return { ...json, conditions: [{ kind: 'when', body: guard }, ...json.conditions] };
}

/** Finds the line of each rule's text; the same text twice is found at its two places. */
function lineFinder(source: string): (text: string) => number {
  const searchedUpTo = new Map<string, number>();
  return (text) => {
    const at = source.indexOf(text, searchedUpTo.get(text) ?? 0);
    searchedUpTo.set(text, at + 1);
    return source.slice(0, Math.max(at, 0)).split('\n').length;
  };
}
