import { type SchemaJson, schemaToJsonWithResolvedTypes } from '@cedar-policy/cedar-wasm/nodejs';
import { Unsupported } from './fault.ts';

/** A type of the schema with common types resolved. */
export type SchemaType =
  | { readonly kind: 'Bool' | 'Long' | 'String' }
  | { readonly kind: 'Set'; readonly element: SchemaType }
  | { readonly kind: 'Record'; readonly attributes: ReadonlyMap<string, SchemaAttribute> }
  | { readonly kind: 'Entity'; readonly name: string }
  | { readonly kind: 'Extension'; readonly constructor: string };

export interface SchemaAttribute {
  readonly type: SchemaType;
  readonly required: boolean;
}

export interface SchemaEntity {
  /** The ids of an enumerated type; `null` for any other. */
  readonly ids: readonly string[] | null;
  readonly attributes: ReadonlyMap<string, SchemaAttribute>;
  readonly tags: SchemaType | null;
  /** Types that it may be in, directly or over others. */
  readonly ancestors: ReadonlySet<string>;
}

export interface SchemaAction {
  readonly principals: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  readonly context: ReadonlyMap<string, SchemaAttribute>;
  /** Ids of the actions that it is in, directly or over others. */
  readonly ancestors: ReadonlySet<string>;
}

export interface CedarSchema {
  readonly entities: ReadonlyMap<string, SchemaEntity>;
  readonly actions: ReadonlyMap<string, SchemaAction>;
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  decimal: 'decimal',
  ipaddr: 'ip',
  datetime: 'datetime',
  duration: 'duration',
};

type Loose = Readonly<Record<string, unknown>>;

/** Reads a schema of one namespace without a name. Throws {@link Unsupported} for what the compiler does not know. */
export function readSchema(text: string): CedarSchema {
  const answer = schemaToJsonWithResolvedTypes(text);
  if (answer.type === 'failure') throw new Unsupported(`the schema: ${answer.errors[0]?.message}`);
  return fromJson(answer.json);
}

function fromJson(json: SchemaJson<string>): CedarSchema {
  const space = json[''];
  if (space === undefined || Object.keys(json).length !== 1) throw new Unsupported('a schema with named namespaces');
  const common = (space.commonTypes ?? {}) as unknown as Record<string, Loose>;

  const typeOf = (given: unknown, depth = 0): SchemaType => {
    const type = given as Loose;
    const name = type.type as string;
    if (depth > 32) throw new Unsupported('a type that is nested too deeply');
    switch (name) {
      case 'Long':
      case 'String':
        return { kind: name };
      case 'Bool':
      case 'Boolean':
        return { kind: 'Bool' };
      case 'Set':
        return { kind: 'Set', element: typeOf(type.element, depth + 1) };
      case 'Record':
        if (type.additionalAttributes === true) throw new Unsupported('a record with open attributes');
        return { kind: 'Record', attributes: attributesOf(type, depth + 1) };
      case 'Entity':
        return { kind: 'Entity', name: type.name as string };
    }
    const extension = name === 'Extension' ? (type.name as string) : name;
    if (name !== 'Extension' && Object.hasOwn(common, name)) return typeOf(common[name], depth + 1);
    if (!Object.hasOwn(EXTENSIONS, extension)) throw new Unsupported(`the type ${name}`);
    return { kind: 'Extension', constructor: EXTENSIONS[extension]! };
  };
  const attributesOf = (record: Loose, depth: number): ReadonlyMap<string, SchemaAttribute> =>
    new Map(
      Object.entries((record.attributes ?? {}) as Record<string, Loose>).map(([name, type]) => [
        name,
        { type: typeOf(type, depth), required: type.required !== false },
      ]),
    );
  const recordOf = (given: unknown): ReadonlyMap<string, SchemaAttribute> => {
    if (given === undefined) return new Map();
    const type = typeOf(given);
    if (type.kind !== 'Record') throw new Unsupported('a shape that is not a record');
    return type.attributes;
  };

  const types = space.entityTypes as unknown as Record<string, Loose>;
  const parents = new Map(
    Object.entries(types).map(([name, type]) => [name, (type.memberOfTypes ?? []) as readonly string[]]),
  );
  const entities = new Map(
    Object.entries(types).map(([name, type]): [string, SchemaEntity] => [
      name,
      {
        ids: (type.enum as readonly string[] | undefined) ?? null,
        attributes: recordOf(type.shape),
        tags: type.tags === undefined ? null : typeOf(type.tags),
        ancestors: closure(name, parents),
      },
    ]),
  );

  const groups = new Map(
    Object.entries(space.actions).map(([id, { memberOf = [] }]) => {
      if (memberOf.some(({ type }) => type !== undefined && type !== 'Action'))
        throw new Unsupported('an action of another type');
      return [id, memberOf.map((group) => group.id)];
    }),
  );
  const actions = new Map(
    Object.entries(space.actions).map(([id, { appliesTo, attributes }]): [string, SchemaAction] => {
      if (attributes !== undefined && Object.keys(attributes).length > 0)
        throw new Unsupported('an action with attributes');
      return [
        id,
        {
          principals: new Set(appliesTo?.principalTypes ?? []),
          resources: new Set(appliesTo?.resourceTypes ?? []),
          context: recordOf(appliesTo?.context),
          ancestors: closure(id, groups),
        },
      ];
    }),
  );
  return { entities, actions };
}

/** Everything that is reached from `start` by one step or more. */
function closure(start: string, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...(next.get(start) ?? [])];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (reached.has(at)) continue;
    reached.add(at);
    open.push(...(next.get(at) ?? []));
  }
  return reached;
}
