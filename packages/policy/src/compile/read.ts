import type { CedarRequest } from '../facts.ts';
import { CONSTRUCTORS } from './extensions.ts';
import { RequestFault } from './fault.ts';
import type { CompiledRequest } from './request.ts';
import type { CedarSchema, SchemaAttribute, SchemaEntity, SchemaType } from './schema.ts';
import { EntityRef, EntitySet, type RecordValue, SetValue, type Value } from './values.ts';

/** One request while it is read. */
interface State {
  /** What the request tells of, each as one object. */
  readonly listed: EntitySet;
  /** Entities that rules can look into, because they are named outside of sets. */
  readonly named: EntityRef[];
}

type Read = (json: unknown, state: State) => Value;
type ReadRecord = (json: unknown, state: State) => RecordValue;
type ReadRef = (uid: unknown, state: State) => EntityRef;

const EMPTY: RecordValue = new Map();
const NOWHERE = new EntitySet();

/**
 * Compiles what `validateRequest` and the reading of entities check: the returned function refuses with
 * {@link RequestFault} what the official engine refuses (a missing, extra or ill-typed attribute, an undeclared type, an
 * id that an enumeration does not have, a parent of a wrong type), and gives the request's values otherwise.
 */
export function requestReader(schema: CedarSchema): (request: CedarRequest) => CompiledRequest {
  const refReaders = new Map([...schema.entities].map(([type, entity]) => [type, refReader(type, entity)]));
  const types = compileTypes(schema, refReaders);
  const entityReaders = new Map(
    [...schema.entities].map(([type, entity]) => [
      type,
      {
        attrs: types.record(entity.attributes),
        tag: entity.tags === null ? null : types.value(entity.tags, false),
        entity,
      },
    ]),
  );
  const actions = actionRefs(schema);
  const contexts = new Map([...schema.actions].map(([id, { context }]) => [id, types.record(context)]));
  const refOf = (json: unknown, state: State): EntityRef => {
    const uid = uidOf(json);
    const read = refReaders.get(uid.type);
    if (read === undefined) throw new RequestFault('an undeclared entity type');
    return read(uid, state);
  };

  const readEntities = (list: CedarRequest['entities'], state: State): void => {
    for (const json of list) {
      const ref = refOf(json.uid, state);
      if (state.listed.find(ref.type, ref.id) !== undefined) throw new RequestFault('an entity stands there twice');
      state.listed.add(ref);
    }
    const { refs } = state.listed;
    const parents = list.map((json) => json.parents.map((parent) => refOf(parent, state)));
    const parentsOf = (ref: EntityRef) => parents[refs.indexOf(ref)] ?? [];
    list.forEach((json, index) => {
      const ref = refs[index]!;
      const { attrs, tag, entity } = entityReaders.get(ref.type)!;
      const ancestors = ancestorsOf(ref, parents[index]!, parentsOf);
      for (const { type } of ancestors.refs)
        if (!entity.ancestors.has(type)) throw new RequestFault('a parent of a type that is not allowed');
      ref.data = { attrs: attrs(json.attrs, state), tags: readTags(json.tags, tag, state), ancestors };
    });
  };

  return (request) => {
    const state: State = { listed: new EntitySet(), named: [] };
    const actionUid = uidOf(request.action);
    const action = actionUid.type === 'Action' ? actions.byId.get(actionUid.id) : undefined;
    const declared = action && schema.actions.get(action.id);
    if (action === undefined || declared === undefined) throw new RequestFault('an undeclared action');
    readEntities(request.entities, state);
    const principal = refOf(request.principal, state);
    const resource = refOf(request.resource, state);
    if (!declared.principals.has(principal.type)) throw new RequestFault('the action has no such principal');
    if (!declared.resources.has(resource.type)) throw new RequestFault('the action has no such resource');
    const context = contexts.get(action.id)!(request.context, state);
    const lookedInto = (ref: EntityRef) => ref.data !== null || schema.entities.get(ref.type)!.attributes.size === 0;
    return {
      principal,
      action,
      resource,
      context,
      find: (type, id) => (type === 'Action' ? actions.byId.get(id) : state.listed.find(type, id)),
      complete: lookedInto(principal) && lookedInto(resource) && state.named.every(lookedInto),
    };
  };
}

function uidOf(json: unknown): { readonly type: string; readonly id: string } {
  const uid = ((json as { __entity?: unknown } | null)?.__entity ?? json) as { type?: unknown; id?: unknown } | null;
  if (typeof uid?.type !== 'string' || typeof uid.id !== 'string') throw new RequestFault('not an entity');
  return uid as { type: string; id: string };
}

/** Enumerated entities are made once for all requests; of others, what the request tells of is one object in it. */
function refReader(type: string, { ids }: SchemaEntity): ReadRef {
  if (ids !== null) {
    const refs = new Map(ids.map((id) => [id, new EntityRef(type, id)]));
    return (uid) => {
      const ref = refs.get((uid as { id: string }).id);
      if (ref === undefined) throw new RequestFault(`${type} has no such value`);
      return ref;
    };
  }
  return (uid, { listed }) => {
    const { id } = uid as { id: string };
    return listed.find(type, id) ?? new EntityRef(type, id);
  };
}

function readTags(tags: unknown, read: Read | null, state: State): RecordValue {
  if (tags === undefined) return EMPTY;
  const entries = Object.entries(tags as Record<string, unknown>);
  if (entries.length === 0) return EMPTY;
  if (read === null) throw new RequestFault('the type has no tags');
  return new Map(entries.map(([name, value]) => [name, read(value, state)]));
}

function ancestorsOf(
  start: EntityRef,
  parents: readonly EntityRef[],
  parentsOf: (ref: EntityRef) => readonly EntityRef[],
): EntitySet {
  if (parents.length === 0) return NOWHERE;
  const found = new EntitySet();
  const open = [...parents];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === start) throw new RequestFault('an entity is in itself');
    if (found.find(at.type, at.id) !== undefined) continue;
    found.add(at);
    open.push(...parentsOf(at));
  }
  return found;
}

function compileTypes(schema: CedarSchema, refReaders: ReadonlyMap<string, ReadRef>) {
  const value = (type: SchemaType, inSet: boolean): Read => {
    switch (type.kind) {
      case 'Bool':
        return (json) => {
          if (typeof json !== 'boolean') throw new RequestFault('not a bool');
          return json;
        };
      case 'Long':
        return (json) => {
          if (!Number.isSafeInteger(json)) throw new RequestFault('not a whole number');
          return json as number;
        };
      case 'String':
        return (json) => {
          if (typeof json !== 'string') throw new RequestFault('not a string');
          return json;
        };
      case 'Set': {
        const read = value(type.element, true);
        return (json, state) => {
          if (!Array.isArray(json)) throw new RequestFault('not a set');
          return new SetValue(json.map((item) => read(item, state)));
        };
      }
      case 'Record':
        return record(type.attributes, inSet);
      case 'Entity':
        return entity(type.name, inSet);
      case 'Extension':
        return extension(type.constructor);
    }
  };

  const entity = (name: string, inSet: boolean): Read => {
    // Nothing can look into a member of a set, so it needs no data and no place among the request's entities.
    const isPlain = inSet && schema.entities.get(name)?.ids === null;
    const read: ReadRef | undefined = isPlain
      ? (uid) => new EntityRef(name, (uid as { id: string }).id)
      : refReaders.get(name);
    const looksInto = !inSet && (schema.entities.get(name)?.attributes.size ?? 0) > 0;
    return (json, state) => {
      const uid = uidOf(json);
      if (uid.type !== name || read === undefined) throw new RequestFault(`not an entity of type ${name}`);
      const ref = read(uid, state);
      if (looksInto) state.named.push(ref);
      return ref;
    };
  };

  const record = (attributes: ReadonlyMap<string, SchemaAttribute>, inSet = false): ReadRecord => {
    const members = [...attributes].map(([name, { type, required }]) => ({
      name,
      required,
      read: value(type, inSet),
    }));
    return (json, state) => {
      if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RequestFault('not a record');
      const values = new Map<string, Value>();
      for (const { name, required, read } of members) {
        if (Object.hasOwn(json, name)) values.set(name, read((json as Record<string, unknown>)[name], state));
        else if (required) throw new RequestFault(`the attribute ${name} is missing`);
      }
      for (const name in json) if (!values.has(name)) throw new RequestFault('an attribute that is not declared');
      return values;
    };
  };
  return { value, record };
}

function extension(name: string): Read {
  const construct = CONSTRUCTORS[name]!;
  return (json) => {
    const call = (json as { __extn?: { fn?: unknown; arg?: unknown } } | null)?.__extn;
    const text = typeof json === 'string' ? json : call?.fn === name ? call.arg : undefined;
    if (typeof text !== 'string') throw new RequestFault(`not a ${name}`);
    try {
      return construct(text);
    } catch {
      throw new RequestFault(`not a ${name}`);
    }
  };
}

/** Actions are entities that the schema names, in their groups. */
function actionRefs(schema: CedarSchema) {
  const byId = new Map([...schema.actions.keys()].map((id) => [id, new EntityRef('Action', id)]));
  for (const [id, { ancestors: groups }] of schema.actions) {
    const ancestors = new EntitySet();
    for (const group of groups) ancestors.add(byId.get(group)!);
    byId.get(id)!.data = { attrs: EMPTY, tags: EMPTY, ancestors };
  }
  return { byId };
}
