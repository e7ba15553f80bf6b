import { createHash } from 'node:crypto';
import { type PolicyId, type PolicyJson, policySetTextToParts, policyToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { LAYERS, type Layer, PortreeveError, type Remedy } from '@portreeve/contract';
import { generaliseAct } from './act-actions.ts';
import { type Annotated, type RuleMode, readAnnotations } from './annotations.ts';
import type { ToolShapes } from './arguments.ts';
import { exactLongs } from './longs.ts';
import { lineOfByte, Problems, ruleBefore } from './problems.ts';
import { policySchema } from './schema.ts';
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
  readonly mode: RuleMode;
  /** The workflow that the rule holds for; `null`: all. */
  readonly workflow: string | null;
  readonly file: string;
  /** Where the rule begins in the file, from 1. */
  readonly line: number;
  /** The rule as it was written. */
  readonly text: string;
  /** The rule as Cedar evaluates it: text, or JSON where something was added. */
  readonly policy: string | PolicyJson;
  /** The same as JSON. */
  readonly json: PolicyJson;
}

/**
 * Reads and checks every rule of every file against the annotations and the schema (strict). Throws `policy_broken` with
 * every problem found, each with file, line and rule. Says nothing about empty layers.
 */
export function compileRules(layers: PolicyLayers, shapes: ToolShapes = new Map()): readonly Rule[] {
  const problems = new Problems();
  const rules = readRules(layers, shapes, problems);
  problems.throwIfAny();
  return rules;
}

const SOUND_KEPT = 16;
/** The rules last found without a problem, by all that they were read from: a process reads the same several times. */
const soundRules = new Map<string, readonly Rule[]>();

/** Like {@link compileRules}, but collects the problems: what it returns may be used only where there are none. */
export function readRules(layers: PolicyLayers, shapes: ToolShapes, problems: Problems): readonly Rule[] {
  const schema = policySchema(shapes);
  const from = createHash('sha256')
    .update(JSON.stringify([schema, LAYERS.map((layer) => [layer, layers[layer] ?? []])]))
    .digest('base64');
  const known = soundRules.get(from);
  if (known !== undefined) return known;
  const before = problems.findings.length;
  const rules = checkedRules(layers, shapes, schema, problems);
  if (problems.findings.length > before) return rules;
  const [oldest] = soundRules.keys();
  if (soundRules.size >= SOUND_KEPT && oldest !== undefined) soundRules.delete(oldest);
  soundRules.set(from, rules);
  return rules;
}

function checkedRules(layers: PolicyLayers, shapes: ToolShapes, schema: string, problems: Problems): Rule[] {
  const rules: Rule[] = [];
  for (const layer of LAYERS)
    for (const source of layers[layer] ?? []) rules.push(...readSource(layer, source, shapes, problems));

  const firstById = new Map<string, Rule>();
  for (const rule of rules) {
    if (rule.id === '') continue;
    const first = firstById.get(rule.id);
    if (first === undefined) firstById.set(rule.id, rule);
    else problems.add(rule, `the id is used before, at ${first.file}:${first.line}: ids are unique over all layers`);
  }
  checkRules([...firstById.values()], schema, problems);
  return rules;
}

/** Throws `no_policy` unless every layer has a rule that decides. */
export function requireAllLayers(rules: readonly Rule[]): void {
  const empty = LAYERS.filter((layer) => !rules.some((rule) => rule.layer === layer && rule.mode === 'enforce'));
  if (empty.length > 0) throw new PortreeveError('no_policy', `no rules in the layer ${empty.join(', ')}`);
}

function readSource(layer: Layer, source: PolicySource, shapes: ToolShapes, problems: Problems): Rule[] {
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
    .flatMap(({ text, line }) => readRule(layer, source, { text, line }, shapes, problems));
}

function readRule(
  layer: Layer,
  source: PolicySource,
  { text, line }: { text: string; line: number },
  shapes: ToolShapes,
  problems: Problems,
): Rule[] {
  const parsed = policyToJson(exactLongs(text));
  if (parsed.type === 'failure') {
    for (const error of parsed.errors) problems.addAt(source.file, line, ruleBefore(text, text.length), error);
    return [];
  }
  const { json, narrow } = shapes.size === 0 ? { json: parsed.json, narrow: false } : generaliseAct(parsed.json);
  const { annotated, faults } = readAnnotations(json);
  const place = { file: source.file, line, id: annotated.id };
  for (const fault of faults) problems.add(place, fault);
  if (narrow) problems.add(place, 'each tool has an action of its own in Action::"act": write action in Action::"act"');
  if (source.workflow !== undefined && json.effect === 'permit')
    problems.add(place, `a workflow's own policy may only forbid: this permits (workflow ${source.workflow})`);
  return [toRule(layer, source, { text, line, json, annotated, exact: json === parsed.json })];
}

function toRule(
  layer: Layer,
  source: PolicySource,
  read: { text: string; line: number; json: PolicyJson; annotated: Annotated; exact: boolean },
): Rule {
  const workflow = source.workflow ?? null;
  const json = workflow === null ? read.json : onlyFor(workflow, read.json);
  return {
    ...read.annotated,
    layer,
    effect: read.json.effect,
    workflow,
    file: source.file,
    line: read.line,
    text: read.text,
    json,
    // The text where it says the same, so that Cedar's errors name a place in it.
    policy: workflow === null && read.exact ? read.text : json,
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
