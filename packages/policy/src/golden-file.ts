import { readFileSync } from 'node:fs';
import { fieldErrors, OUTCOMES, type PolicyRequest, PortreeveError } from '@portreeve/contract';
import { parse } from 'yaml';
import { z } from 'zod';
import type { PolicyEngine } from './engine.ts';
import { POLICY_FILE_BYTES_MAX } from './sources.ts';

const goldenFileSchema = z.strictObject({
  /** Merged under each case's request, member by member, so that a case says only what matters. */
  base: z.record(z.string(), z.unknown()).default({}),
  cases: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(200),
        request: z.record(z.string(), z.unknown()),
        outcome: z.enum(OUTCOMES),
        /** The deciding rules: all of those that refuse or ask, or all that permit. Left out: not looked at. */
        rules: z.array(z.string()).optional(),
      }),
    )
    .min(1)
    .max(10_000),
});

export type GoldenRequest = Readonly<Record<string, unknown>>;

export interface GoldenResult {
  readonly name: string;
  readonly ok: boolean;
  /** What differs, in a sentence each. */
  readonly differences: readonly string[];
}

/**
 * Runs the golden decisions of a YAML or JSON file: `base` and `cases` of `name`, `request`, `outcome` and `rules`.
 * `factsOf` gives what a case leaves out, such as the declared facts of the tool that it names. Throws `policy_broken`,
 * naming the file, where it cannot be read.
 */
export function runGoldenTests(
  engine: PolicyEngine,
  file: string,
  factsOf: (said: GoldenRequest) => GoldenRequest = () => ({}),
): GoldenResult[] {
  const { base, cases } = readGolden(file);
  return cases.map(({ name, request, outcome, rules }) => {
    const said = merge(base, request) as GoldenRequest;
    const decision = engine.decide(merge(factsOf(said), said) as PolicyRequest);
    const differences: string[] = [];
    const [reason] = decision.reasons;
    // A slip of the pen is refused too: it must not pass for the refusal that was meant.
    if (reason?.code === 'bad_request') return { name, ok: false, differences: [reason.text] };
    if (decision.outcome !== outcome)
      differences.push(`the outcome is ${decision.outcome} and not ${outcome}: ${decision.reasons[0]?.text ?? ''}`);
    if (rules !== undefined) {
      const deciding = [...new Set(decision.reasons.map(({ rule }) => rule))].sort();
      const expected = [...new Set(rules)].sort();
      if (deciding.join() !== expected.join())
        differences.push(`the rules are ${deciding.join(', ') || 'none'} and not ${expected.join(', ') || 'none'}`);
    }
    return { name, ok: differences.length === 0, differences };
  });
}

function readGolden(file: string): z.infer<typeof goldenFileSchema> {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > POLICY_FILE_BYTES_MAX) throw new RangeError(`larger than ${POLICY_FILE_BYTES_MAX} bytes`);
    // JSON is YAML. Aliases are bounded, so that a small file cannot grow.
    const parsed = goldenFileSchema.safeParse(parse(text, { maxAliasCount: 100, merge: true }));
    if (!parsed.success) {
      const [first] = fieldErrors(parsed.error);
      throw new TypeError(`${first?.path}: ${first?.message}`);
    }
    return parsed.data;
  } catch (error) {
    throw new PortreeveError('policy_broken', `${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Objects are merged member by member; anything else is replaced. */
function merge(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  return {
    ...base,
    ...Object.fromEntries(Object.entries(over).map(([name, value]) => [name, merge(base[name], value)])),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
