import {
  type PolicyJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSchema } from './compile/index.ts';
import type { CedarRequest } from './facts.ts';
import { policies, RICH_ACTIONS, RICH_SCHEMA, requestOver, world } from './testing/generate.ts';
import { type OracleResult, oracle } from './testing/oracle.ts';

/** How many generated cases the long form has; a case is one set of rules with one request. */
const CASES = Number(process.env.POLICY_CASES ?? 50_000);
const OFFICIAL_CASES = Number(process.env.POLICY_OFFICIAL_CASES ?? 3000);
const REQUESTS = 10;
const seed = Number(process.env.POLICY_SEED ?? Math.floor(Math.random() * 2 ** 31));

const { read, compile } = compileSchema(RICH_SCHEMA);

const cases = fc.tuple(
  policies,
  world.chain((entities) => fc.array(requestOver(entities), { minLength: REQUESTS, maxLength: REQUESTS })),
);

function compiled(rules: Readonly<Record<string, PolicyJson>>): (request: CedarRequest) => OracleResult {
  const judge = compile(Object.entries(rules).map(([id, json]) => ({ id, effect: json.effect, json })));
  return (request) => {
    const { permits, forbids, failed } = judge(read(request));
    const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id);
    return { permits: ids(permits), forbids: ids(forbids), errors: ids(failed) };
  };
}

const byOracle = (rules: Readonly<Record<string, PolicyJson>>, request: CedarRequest) =>
  oracle(rules, { ...request, entities: [...request.entities, ...RICH_ACTIONS] });

test(`C8: compiled rules and the reference evaluator agree on ${CASES} generated cases (POLICY_SEED=${seed})`, () => {
  const met = { permits: 0, forbids: 0, errors: 0, cases: 0 };
  fc.assert(
    fc.property(cases, ([rules, requests]) => {
      const judge = compiled(rules);
      for (const request of requests) {
        const expected = byOracle(rules, request);
        const found = judge(request);
        // The matcher costs more than the evaluation, so it only words a difference.
        if (JSON.stringify(found) !== JSON.stringify(expected)) expect(found).toEqual(expected);
        met.cases += 1;
        for (const kind of ['permits', 'forbids', 'errors'] as const) met[kind] += expected[kind].length;
      }
    }),
    { seed, numRuns: Math.ceil(CASES / REQUESTS) },
  );
  console.log(`policy oracle: seed ${seed}, ${JSON.stringify(met)}`);
  // A generator that only makes rules that never apply, or always fail, would compare nothing.
  for (const kind of ['permits', 'forbids', 'errors'] as const) expect(met[kind]).toBeGreaterThan(met.cases / 20);
}, 3_600_000);

test(`C8: compiled rules and Cedar agree on ${OFFICIAL_CASES} generated cases (POLICY_SEED=${seed})`, () => {
  expect(preparseSchema('oracle/schema', RICH_SCHEMA)).toEqual({ type: 'success' });
  fc.assert(
    fc.property(cases, ([rules, requests]) => {
      expect(preparsePolicySet('oracle/set', { staticPolicies: rules })).toEqual({ type: 'success' });
      const judge = compiled(rules);
      for (const request of requests) {
        const { permits, forbids, errors } = judge(request);
        const denied = forbids.length > 0 || permits.length === 0;
        const answer = statefulIsAuthorized({
          ...request,
          preparsedSchemaName: 'oracle/schema',
          validateRequest: true,
          preparsedPolicySetId: 'oracle/set',
        });
        if (answer.type !== 'success') throw new Error(answer.errors[0]?.message);
        const { decision, diagnostics } = answer.response;
        expect({
          decision,
          rules: diagnostics.reason.toSorted(),
          errors: diagnostics.errors.map(({ policyId }) => policyId).sort(),
        }).toEqual({ decision: denied ? 'deny' : 'allow', rules: denied ? forbids : permits, errors });
      }
    }),
    { seed, numRuns: Math.ceil(OFFICIAL_CASES / REQUESTS) },
  );
}, 36_000_000);
