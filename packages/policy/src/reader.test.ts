import { preparsePolicySet, preparseSchema, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileSchema, RequestFault } from './compile/index.ts';
import { type CedarRequest, cedarRequest } from './facts.ts';
import { POLICY_SCHEMA } from './schema.ts';
import { RICH_SCHEMA, requestOver, world } from './testing/generate.ts';
import { actRequest, admitRequest, apiRequest, askRequest, person, readRequest } from './testing/index.ts';

preparsePolicySet('reader/set', { staticPolicies: { p: 'permit (principal, action, resource);' } });

function acceptors(name: string, schema: string) {
  expect(preparseSchema(`reader/${name}`, schema)).toEqual({ type: 'success' });
  const { read } = compileSchema(schema);
  return {
    compiled: (request: CedarRequest): boolean => {
      try {
        read(request);
        return true;
      } catch (error) {
        if (error instanceof RequestFault) return false;
        throw error;
      }
    },
    official: (request: CedarRequest): boolean =>
      statefulIsAuthorized({
        ...request,
        preparsedSchemaName: `reader/${name}`,
        validateRequest: true,
        preparsedPolicySetId: 'reader/set',
      }).type === 'success',
  };
}

/** What may stand somewhere by mistake. */
const ODD = fc.constantFrom<unknown>(
  0,
  1.5,
  -7,
  '',
  'red',
  true,
  null,
  [],
  ['red', 1],
  {},
  { __entity: { type: 'Color', id: 'red' } },
  { __entity: { type: 'Color', id: 'pink' } },
  { __entity: { type: 'User', id: 'u1' } },
  { __entity: { type: 'Nothing', id: 'x' } },
  { __entity: { type: 'Role', id: 'root' } },
  { type: 'Color', id: 'red' },
  { __extn: { fn: 'decimal', arg: '1.0' } },
  { __extn: { fn: 'ip', arg: '::1' } },
  { __extn: { fn: 'ip', arg: '::1::' } },
  '10.0.0.1',
  '2024-01-01',
  '1d',
);

/** Every place of a request's facts where something can be put, taken away or added. */
function places(node: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, inner]) => {
    const at = [...path, Array.isArray(node) ? Number(name) : name];
    return [at, ...places(inner, at)];
  });
}

function damaged(request: CedarRequest, pick: number, how: 'put' | 'take' | 'add', odd: unknown): CedarRequest {
  const copy = structuredClone(request);
  const all = places(copy).filter((path) => path.length > 1);
  const path = all[pick % all.length]!;
  let holder = copy as unknown as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>;
  const last = path.at(-1)!;
  if (how === 'put') holder[last] = structuredClone(odd);
  else if (how === 'add' && !Array.isArray(holder)) holder.extra = structuredClone(odd);
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}

const damage = fc.tuple(fc.nat(), fc.constantFrom('put', 'take', 'add' as const), ODD);

/** The form of entities themselves (`uid`, `attrs`, `parents`) is the caller's own, and never comes from outside. */
const isWellFormed = (request: CedarRequest) =>
  [request.principal, request.action, request.resource].every(isUid) &&
  typeof request.context === 'object' &&
  request.context !== null &&
  request.entities.every(
    (entity) =>
      typeof entity === 'object' &&
      entity !== null &&
      isUid(entity.uid) &&
      typeof entity.attrs === 'object' &&
      entity.attrs !== null &&
      Array.isArray(entity.parents) &&
      entity.parents.every(isUid) &&
      (entity.tags === undefined ||
        (typeof entity.tags === 'object' && entity.tags !== null && !Array.isArray(entity.tags))),
  );
const isUid = (uid: unknown): boolean => {
  const { type, id } = (uid ?? {}) as { type?: unknown; id?: unknown };
  return typeof type === 'string' && typeof id === 'string' && type !== 'Action';
};

test('C4: the compiled reader refuses exactly the requests that validateRequest refuses', () => {
  const { compiled, official } = acceptors('rich', RICH_SCHEMA);
  const seen = { yes: 0, no: 0 };
  const damagedRequests = fc
    .tuple(world.chain(requestOver), damage)
    .map(([request, [pick, how, odd]]) => damaged(request, pick, how, odd));
  fc.assert(
    fc.property(damagedRequests, (request) => {
      fc.pre(isWellFormed({ ...request, action: { type: 'User', id: 'x' } }) && isAction(request.action));
      const accepted = official(request);
      seen[accepted ? 'yes' : 'no'] += 1;
      expect(compiled(request)).toBe(accepted);
    }),
    { numRuns: 600 },
  );
  expect(seen.yes).toBeGreaterThan(10);
  expect(seen.no).toBeGreaterThan(10);
});

const isAction = (uid: unknown) => (uid as { type?: unknown } | null)?.type === 'Action';

test('C4: the same over our own schema and requests', () => {
  const { compiled, official } = acceptors('own', POLICY_SCHEMA);
  const whole = [
    actRequest({ principal: person(['requester', 'admin'], { groups: ['leads'] }) }),
    admitRequest(),
    readRequest(),
    askRequest(),
    apiRequest('runs.read', ['auditor']),
  ].map((request) => cedarRequest(request));
  for (const request of whole) expect([compiled(request), official(request)]).toEqual([true, true]);
  fc.assert(
    fc.property(fc.constantFrom(...whole), damage, (request, [pick, how, odd]) => {
      const made = damaged(request, pick, how, odd);
      fc.pre(isWellFormed({ ...made, action: { type: 'User', id: 'x' } }) && isAction(made.action));
      expect(compiled(made)).toBe(official(made));
    }),
    { numRuns: 600 },
  );
});
