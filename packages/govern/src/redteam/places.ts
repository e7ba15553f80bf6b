import type { JsonObject, SourceContract, WorkflowDefinition } from '@portreeve/contract';
import { CARRIERS, type Carrier } from './carriers.ts';
import type { HonestCase, PlaceKind } from './pack.ts';
import { textLeaves } from './text-leaves.ts';

/** One place where somebody can put a text into what a workflow reads. */
export type Place =
  | { readonly in: 'records'; readonly kind: 'field'; readonly source: string; readonly field: string }
  | { readonly in: 'document'; readonly kind: PlaceKind; readonly source: string; readonly carrier: Carrier }
  | { readonly in: 'result'; readonly kind: 'result'; readonly source: string; readonly path: string }
  | { readonly in: 'input'; readonly kind: 'input'; readonly source: 'input'; readonly member: string };

/** How a report calls a place. */
export function placeName(place: Place): string {
  switch (place.in) {
    case 'records':
      return `${place.source}.${place.field}`;
    case 'document':
      return `${place.source}, ${place.carrier.name}`;
    case 'result':
      return `result of ${place.source}${place.path}`;
    case 'input':
      return `input.${place.member}`;
  }
}

/** Places that honest work does not tell apart: plain words in one field of a record are as good as in another. */
export function controlName(place: Place): string {
  return place.in === 'document' ? `${place.source} as ${place.carrier.media_type}` : `${place.in} of ${place.source}`;
}

/**
 * Every place of a workflow: each declared field of its sources, each way into its documents, each text in the results of its
 * tools, each free text of its input. A label does not count here: whether a source is rightly called trusted is what is
 * tried. `out_of_reach` are sources and tools that the workflow’s own pack takes out, with a reason.
 */
export function placesOf(
  { contract, sources, tools }: WorkflowDefinition,
  honest: HonestCase,
  results: Readonly<Record<string, JsonObject>>,
  out_of_reach: readonly string[],
): Place[] {
  const reached = (name: string) => !out_of_reach.includes(name);
  return [
    ...sources.filter(({ name }) => reached(name)).flatMap((source) => inSource(source, honest)),
    ...tools
      .filter(({ name }) => reached(name))
      .flatMap(({ name }) =>
        textLeaves(results[name] ?? {}).map((path): Place => ({ in: 'result', kind: 'result', source: name, path })),
      ),
    ...freeTexts(contract.input).map((member): Place => ({ in: 'input', kind: 'input', source: 'input', member })),
  ];
}

function inSource(source: SourceContract, honest: HonestCase): Place[] {
  const { name } = source;
  if (source.form !== 'document')
    return source.fields.map((field) => ({ in: 'records', kind: 'field', source: name, field: field.name }));
  const given = honest.sources[name];
  const type = given && 'text' in given ? given.media_type : undefined;
  return CARRIERS.filter((carrier) => type === undefined || carrier.media_type === type).map((carrier) => ({
    ...{ in: 'document', kind: carrier.kind, source: name, carrier },
  }));
}

/** Members of the input in which a requester writes what they like. */
function freeTexts(input: JsonObject): string[] {
  const properties = (input.properties ?? {}) as Readonly<Record<string, JsonObject>>;
  return Object.entries(properties)
    .filter(
      ([, part]) =>
        part.type === 'string' &&
        [part.enum, part.pattern, part.format, part.const].every((each) => each === undefined),
    )
    .map(([name]) => name);
}
