import type { JsonObject } from '@portreeve/contract';
import type { PolicyEngine } from './engine.ts';
import { internalsOf } from './internals.ts';
import { type ContextPath, contextPathsOf, overlaps } from './looks-at.ts';
import { printable } from './printable.ts';
import { redactedPlaces } from './redacted.ts';
import type { Rule } from './rules.ts';

/** Parts of a request that no rule can name (`facts.ts`): they stand empty where something in them was redacted. */
const UNSEEN: Readonly<Record<string, (request: JsonObject) => JsonObject>> = {
  'principal/name': (request) => ({
    ...request,
    principal: { ...(request.principal as JsonObject), name: 'redacted' },
  }),
  'influence/origins': (request) => ({ ...request, influence: { ...(request.influence as JsonObject), origins: [] } }),
  provenance: (request) => ({ ...request, provenance: [] }),
};

/** A recorded request as an engine can judge it all the same, or what of it is missing. `null`: nothing was redacted. */
export type ReadRedacted = (request: unknown) => { readonly request: unknown } | { readonly missing: string } | null;

/**
 * Makes requests judgeable of which `audit` has redacted something: what no rule of this engine can look at does not
 * hinder. Exact about arguments, by the paths that the rules name; of the other facts each may matter.
 */
export function redactedReader(engine: PolicyEngine): ReadRedacted {
  const { rules, shapes } = internalsOf(engine);
  const pathsByTool = new Map<string, readonly ContextPath[]>();
  const pathsOf = (tool: string): readonly ContextPath[] => {
    const known = pathsByTool.get(tool);
    if (known !== undefined) return known;
    const paths = rules
      .filter((rule) => rule.mode === 'enforce' && mayCover(rule, tool))
      .flatMap(({ json }) => contextPathsOf(json));
    pathsByTool.set(tool, paths);
    return paths;
  };

  return (request) => {
    const places = redactedPlaces(request);
    if (places.length === 0) return null;
    if (typeof request !== 'object' || request === null) return { missing: 'the request was redacted' };
    let readable = request as JsonObject;
    const tool = (readable.tool as { name?: unknown } | undefined)?.name;
    const shape = typeof tool === 'string' ? shapes.get(tool) : undefined;
    for (const place of places) {
      if (place[0] === 'args') {
        // Without a shape no rule sees any argument of the tool.
        if (shape === undefined || !pathsOf(tool as string).some((path) => overlaps(path, place))) continue;
        return { missing: missing(place) };
      }
      const unseen = Object.keys(UNSEEN).find((name) => name === place.slice(0, name.split('/').length).join('/'));
      if (unseen === undefined) return { missing: missing(place) };
      readable = UNSEEN[unseen]!(readable);
    }
    if (shape === undefined || !isObject(readable.args)) return { request: readable };
    return { request: { ...readable, args: shape.unmark(readable.args) } };
  };
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Places in lists count as one, so that a thousand of them are one reason. */
const missing = (place: readonly string[]) =>
  `${printable(place.map((name) => (/^[0-9]+$/.test(name) ? '*' : name)).join('/') || 'the request', 160)} was redacted`;

/** Whether a rule's scope lets it meet the use of this tool. Conservative: groups of actions count as covering it. */
function mayCover({ json: { action } }: Rule, tool: string): boolean {
  if (action.op === 'All') return true;
  const uids = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : [];
  const ids = uids.map((uid) => ('__entity' in uid ? uid.__entity : uid).id);
  return ids.length === 0 || ids.some((id) => !id.startsWith('act:') || id === `act:${tool}`);
}
