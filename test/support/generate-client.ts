/**
 * Types of our HTTP API from its OpenAPI 3.1 document, for `packages/sdk/src/client/api.ts`. It knows the JSON Schema that
 * our zod schemas become, and throws at anything else: a type that says less than the document would go unseen.
 */
type Schema = { readonly [key: string]: unknown };
interface Operation {
  readonly summary: string;
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Record<string, { schema: Schema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { schema: Schema }> }>;
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

const HEAD = `// Generated from the server's OpenAPI document: UPDATE_CLIENT=1 npx vitest run test/api-client.test.ts. Do not edit.
// biome-ignore-all format: as it is generated
// biome-ignore-all lint: as it is generated
`;

export function generateClient(given: unknown): string {
  const document = given as Document;
  // Of a schema with defaults the document also holds what is taken (`…Input`): no operation takes one of these.
  const kept = Object.entries(document.components.schemas).filter(([name]) => !name.endsWith('Input'));
  const schemas = kept.map(([name, schema]) => `export type ${name} = ${typeOf(schema)};\n`);
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => operationOf(path, method, operation)),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ text }) => text);
  return `${HEAD}\n${schemas.join('\n')}\n/** Each operation of the API: what it takes and what it answers. */\nexport interface Api {\n${operations.join('\n')}\n}\n`;
}

function operationOf(path: string, method: string, operation: Operation): { name: string; text: string } {
  const name = `${method.toUpperCase()} ${path.replaceAll(/\{([a-z]+|\*)\}/gi, (_all, each) => (each === '*' ? '*' : `:${each}`))}`;
  const of = (where: string) =>
    (operation.parameters ?? [])
      .filter((each) => each.in === where)
      .map((each) => member(each.name, each.schema, each.required === true));
  const lines = [`    params: ${braces(of('path'))};`, `    query: ${braces(of('query'))};`];
  const { requestBody } = operation;
  const body = requestBody?.content['application/json']?.schema;
  if (of('header').length > 0) lines.push(`    headers: ${braces(of('header'))};`);
  lines.push(`    body: ${body ? typeOf(body) : 'undefined'};`);
  lines.push(`    answer: ${answerOf(operation)};`);
  const text = `  /** ${operation.summary.replaceAll('*/', '* /')}. */\n  '${name}': {\n${lines.join('\n')}\n  };`;
  return { name, text };
}

function answerOf({ responses }: Operation): string {
  const good = Object.entries(responses).filter(([status]) => /^[23]\d\d$/.test(status));
  const types = good.flatMap(([, { content }]) => Object.entries(content ?? {}));
  const json = types.filter(([type]) => type === 'application/json').map(([, { schema }]) => typeOf(schema));
  return json.length > 0 ? [...new Set(json)].join(' | ') : 'unknown';
}

const braces = (members: readonly string[]): string => (members.length === 0 ? '{}' : `{ ${members.join('; ')} }`);
const member = (name: string, schema: Schema, required: boolean): string =>
  `${/^[a-z_]\w*$/i.test(name) ? name : JSON.stringify(name)}${required ? '' : '?'}: ${typeOf(schema)}`;

function typeOf(schema: Schema): string {
  if (typeof schema.$ref === 'string') return (schema.$ref.split('/').at(-1) ?? '').replace(/^_+/, '');
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((each) => JSON.stringify(each)).join(' | ');
  for (const key of ['anyOf', 'oneOf'] as const)
    if (Array.isArray(schema[key])) return union(schema[key].map((each) => typeOf(each as Schema)));
  if (Array.isArray(schema.allOf)) return schema.allOf.map((each) => `(${typeOf(each as Schema)})`).join(' & ');
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => typeOf({ ...schema, type })));
  return typeOfType(schema);
}

function typeOfType(schema: Schema): string {
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return arrayOf(schema);
    case 'object':
      return objectOf(schema);
    case undefined:
      return 'unknown';
    default:
      throw new Error(`a schema of the type ${String(schema.type)} is not known to the generator`);
  }
}

function arrayOf({ items, prefixItems }: Schema): string {
  if (Array.isArray(prefixItems)) return `[${prefixItems.map((each) => typeOf(each as Schema)).join(', ')}]`;
  return `(${items ? typeOf(items as Schema) : 'unknown'})[]`;
}

function objectOf({ properties, required, additionalProperties }: Schema): string {
  const needed = new Set(Array.isArray(required) ? required : []);
  const members = Object.entries((properties ?? {}) as Record<string, Schema>).map(([name, each]) =>
    member(name, each, needed.has(name)),
  );
  if (members.length > 0) return braces(members);
  const rest = typeof additionalProperties === 'object' && additionalProperties !== null ? additionalProperties : null;
  return `Record<string, ${rest && Object.keys(rest).length > 0 ? typeOf(rest as Schema) : 'unknown'}>`;
}

const union = (types: readonly string[]): string => [...new Set(types)].join(' | ');
