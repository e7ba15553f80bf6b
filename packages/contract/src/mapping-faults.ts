import type { Json, JsonObject } from './canonical.ts';
import { compileSchema } from './json-schema.ts';
import type { Mapping } from './mapping.ts';
import { partsAt } from './schema-bounds.ts';

/** One part of a mapping that cannot do what it says, and what to do about it. */
export interface MappingFault {
  readonly argument: string;
  readonly message: string;
  readonly fix: string;
}

/**
 * Whether every value that a mapping names has a place, and one of a type that fits. Formats, lengths and patterns are
 * compared when it is used: what does not fit then is refused.
 */
export function mappingFaults(
  mapping: Mapping,
  target: JsonObject,
  sources: { readonly [from: string]: JsonObject },
  what: { readonly target: string; readonly sources: { readonly [from: string]: string } },
): MappingFault[] {
  const properties = objectOf(target.properties);
  const required = namesOf(target.required);
  const faults: MappingFault[] = [];
  const report = (argument: string, message: string, fix: string) => faults.push({ argument, message, fix });
  for (const name of required)
    if (!Object.hasOwn(mapping, name))
      report(name, `leaves out ${name}, which ${what.target} needs`, `Say where ${name} comes from.`);
  for (const [name, part] of Object.entries(mapping)) {
    const wanted = properties[name];
    if (wanted === undefined) {
      report(name, `${name} is no argument of ${what.target}`, `Take it out, or declare it in ${what.target}.`);
      continue;
    }
    if ('value' in part) {
      const [error] = compileSchema({ ...shelvesOf(target), type: 'object', properties: { [name]: wanted } })({
        [name]: part.value,
      });
      if (error) report(name, `the fixed value of ${name} does not fit: ${error.message}`, 'Give it another value.');
      continue;
    }
    const source = sources[part.from]!;
    const place = `${part.pointer} of ${what.sources[part.from]}`;
    const found = partsAt(source, part.pointer);
    if (found.length === 0) {
      report(name, `${place} is not declared`, `Declare it in the schema there, or take ${name} from somewhere else.`);
      continue;
    }
    if (required.has(name) && !isAlways(source, part.pointer))
      report(name, `${place} may be missing, and ${name} is needed`, 'Make it required where it comes from.');
    const given = typesOf(found);
    const taken = typesOf(partsAt(target, `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`));
    const strange = given.filter((type) => !taken.includes(type) && !(type === 'integer' && taken.includes('number')));
    if (strange.length > 0) {
      report(
        name,
        `${place} may be ${strange.join(' or ')}, and ${name} takes ${taken.join(' or ') || 'nothing declared'}`,
        'Give both the same type.',
      );
    }
  }
  return faults;
}

/** Whether a value that satisfies the schema always has something at the pointer. */
function isAlways(schema: JsonObject, pointer: string): boolean {
  const parts = pointer.split('/').slice(1);
  return parts.every((raw, index) => {
    const name = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    const before = index === 0 ? '' : `/${parts.slice(0, index).join('/')}`;
    const at = partsAt(schema, before);
    return at.length > 0 && at.some((part) => namesOf(part.required).has(name));
  });
}

const TYPES = ['string', 'number', 'integer', 'boolean', 'null', 'array', 'object'];

/** The types that the parts of a schema let through; all of them where they name none. */
function typesOf(parts: readonly JsonObject[]): string[] {
  const found = parts.flatMap((part) => {
    if ('const' in part) return [typeOf(part.const!)];
    if (Array.isArray(part.enum)) return part.enum.map((each) => typeOf(each as Json));
    if (typeof part.type === 'string') return [part.type];
    if (Array.isArray(part.type)) return part.type.map(String);
    return [];
  });
  return found.length === 0 ? TYPES : [...new Set(found)];
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

const shelvesOf = (schema: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(schema).filter(([name]) => name === '$defs' || name === 'definitions'));

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};

const namesOf = (value: Json | undefined): ReadonlySet<string> =>
  new Set(Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : []);
