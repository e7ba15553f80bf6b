import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Remedy } from '@portreeve/contract';
import { parseGroups, parseRemedy } from './remedy.ts';

/** What the annotations of a rule say. */
export interface Annotated {
  readonly id: string;
  readonly code: string;
  readonly reason: string;
  readonly next: string | null;
  readonly remedy: Remedy | null;
  readonly notify: readonly string[];
  /** `shadow`: the rule is evaluated and what it would change is reported, but it does not decide. */
  readonly mode: RuleMode;
}

const MODES = ['enforce', 'shadow'] as const;
export type RuleMode = (typeof MODES)[number];

const REQUIRED = ['id', 'code', 'reason'] as const;
const KNOWN = new Set<string>([...REQUIRED, 'next', 'remedy', 'notify', 'mode', 'owner']);
const ID = /^[a-z][a-z0-9]*([._-][a-z0-9]+)*$/;
const CODE = /^[a-z][a-z0-9_]{1,63}$/;
/** These stand in decisions for what no rule decided. */
const RESERVED = new Set(['default-deny', 'error']);
const SENTENCE_MAX = 500;

/**
 * Reads a rule's annotations. An unknown one is a fault, because a misspelt `@notify` would silently tell nobody.
 * `owner` is for people alone.
 */
export function readAnnotations(json: PolicyJson): { annotated: Annotated; faults: string[] } {
  const faults: string[] = [];
  const given = new Map(Object.entries(json.annotations ?? {}).map(([name, value]) => [name, value ?? '']));
  for (const name of given.keys())
    if (!KNOWN.has(name))
      faults.push(`@${name} is not an annotation: use ${[...KNOWN].map((n) => `@${n}`).join(', ')}`);
  for (const name of REQUIRED) if (!given.get(name)?.trim()) faults.push(`@${name}("…") is missing`);

  const id = given.get('id') ?? '';
  if (id !== '' && (!ID.test(id) || id.length > 128 || RESERVED.has(id)))
    faults.push('@id is lower-case words joined by . _ or -, and neither default-deny nor error');
  const code = given.get('code') ?? '';
  if (code !== '' && !CODE.test(code)) faults.push('@code is lower-case letters, digits and _');
  const reason = given.get('reason') ?? '';
  const next = given.get('next') ?? null;
  for (const sentence of [reason, next ?? ''])
    if (sentence.length > SENTENCE_MAX) faults.push(`@reason and @next have at most ${SENTENCE_MAX} characters`);

  return {
    annotated: {
      id,
      code,
      reason,
      next,
      remedy: readRemedy(json, given, faults),
      notify: readNotify(json, given, faults),
      mode: readMode(given, faults),
    },
    faults,
  };
}

function readRemedy(json: PolicyJson, given: ReadonlyMap<string, string>, faults: string[]): Remedy | null {
  const text = given.get('remedy');
  if (text === undefined) return null;
  if (json.effect === 'permit') faults.push('@remedy belongs on a forbid: a permit refuses nothing');
  const remedy = parseRemedy(text);
  if (remedy === null)
    faults.push(
      '@remedy is "approval:GROUP[,GROUP]:N[:passkey|:device_bound]" (N from 1 to 16), "confirm", "narrow:PROFILE" or "deidentify"',
    );
  return remedy;
}

function readNotify(json: PolicyJson, given: ReadonlyMap<string, string>, faults: string[]): string[] {
  const text = given.get('notify');
  if (text === undefined) return [];
  if (json.effect === 'forbid') faults.push('@notify belongs on a permit: what is forbidden does not happen');
  const groups = parseGroups(text);
  if (groups === null) faults.push('@notify is "GROUP[,GROUP]"');
  return groups ?? [];
}

function readMode(given: ReadonlyMap<string, string>, faults: string[]): RuleMode {
  const text = given.get('mode') ?? 'enforce';
  const mode = MODES.find((known) => known === text);
  if (mode === undefined) faults.push('@mode is "enforce" or "shadow"');
  return mode ?? 'enforce';
}
