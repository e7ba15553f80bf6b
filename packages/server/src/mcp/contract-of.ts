import {
  BadSchema,
  compileSchema,
  type Digest,
  digestOf,
  type Json,
  type JsonObject,
  MCP_INPUT,
  type McpToolOverlay,
  type McpUpstream,
  mcpDefinitionDigest,
  NotCanonical,
  type ToolContract,
  toolContractSchema,
} from '@portreeve/contract';
import { withOutput } from './answers.ts';
import { asPart, closedSchema } from './closed-schema.ts';
import { toolsetOf } from './toolsets.ts';

/** A tool of an upstream as we would govern it, or why we cannot. */
export type Governed =
  | { readonly ok: true; readonly contract: ToolContract; readonly shown: JsonObject }
  | { readonly ok: false; readonly why: string };

export interface Definition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations?: JsonObject;
}

/** The members that are pinned (`mcpDefinitionDigest`); null where a tool has not even these. */
export function pinnedPart(tool: JsonObject): Definition | null {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  if (typeof name !== 'string' || !/^[A-Za-z0-9_.-]{1,128}$/.test(name)) return null;
  if (typeof inputSchema !== 'object' || inputSchema === null || Array.isArray(inputSchema)) return null;
  const part = { name, title, description, inputSchema, outputSchema, annotations };
  return JSON.parse(JSON.stringify(part)) as Definition;
}

/** The name under which clients see a tool. */
const shownName = (upstream: Pick<McpUpstream, 'name' | 'prefix'>, name: string): string =>
  upstream.prefix ? `${upstream.name}_${name}` : name;

/** A name as contracts have it; two tools that come to the same name are both withheld. */
const contractName = (upstream: Pick<McpUpstream, 'name' | 'prefix'>, name: string): string => {
  const words = name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  return [...(upstream.prefix ? [upstream.name] : []), ...words].join('-');
};

/**
 * The contract of an upstream's tool: what its reviewer says, else the most careful reading of its annotations, which are
 * its own word and only propose (MCP 2026-07-28, ToolAnnotations).
 */
export function governed(upstream: McpUpstream, definition: Definition): Governed {
  const overlay = upstream.tools[definition.name] ?? {};
  try {
    const digest = mcpDefinitionDigest(definition);
    assertNoInput(definition);
    const args = withInput(upstream, closedSchema(definition.inputSchema));
    const output = definition.outputSchema ? closedSchema(definition.outputSchema, false) : null;
    compileSchema(args);
    const result = wholeResult(output);
    compileSchema(result);
    const parsed = toolContractSchema.safeParse({
      name: contractName(upstream, definition.name),
      version: versionOf(digest),
      title: (definition.title ?? definition.name).slice(0, 120),
      description: (definition.description || definition.name).slice(0, 2000),
      ...proposed(definition.annotations ?? {}),
      args,
      result,
      sinks: sinksOf(args),
      clearance: upstream.clearance,
      returns: upstream.returns.integrity,
      secrecy: { confidentiality: upstream.returns.confidentiality, categories: upstream.returns.categories },
      undo: 'irreversible',
      timeout_ms: upstream.timeout_ms,
      idempotency: 'none',
      audience: `urn:portreeve:upstream:${upstream.name}`,
      ...overlay,
      binding: bindingOf(upstream, definition.name, digest),
    });
    if (!parsed.success) return { ok: false, why: parsed.error.issues[0]?.message ?? 'it makes no contract' };
    // A set that holds it has a digest, or it cannot be used.
    toolsetOf(upstream, [parsed.data]);
    const broken = contradiction(parsed.data, overlay);
    if (broken) return { ok: false, why: broken };
    return {
      ok: true,
      contract: parsed.data,
      shown: shownOf(definition, shownName(upstream, definition.name)),
    };
  } catch (error) {
    // What we put around it counts too: one that is as deep as may be is deeper than that within a contract.
    if (!(error instanceof BadSchema || error instanceof NotCanonical)) throw error;
    return { ok: false, why: `its schema is not usable: ${error.message.slice(0, 200)}` };
  }
}

function shownOf({ outputSchema, ...definition }: Definition, name: string): JsonObject {
  const plain = { ...definition, name } as unknown as JsonObject;
  return outputSchema ? { ...plain, ...withOutput(outputSchema) } : plain;
}

/** What annotations propose, with their defaults, which are the pessimistic ones. */
function proposed(annotations: JsonObject): Pick<ToolContract, 'tier' | 'effect' | 'destructive' | 'egress'> {
  const { readOnlyHint = false, destructiveHint = true, openWorldHint = true } = annotations;
  if (readOnlyHint === true) return { tier: 1, effect: 'read', destructive: false, egress: openWorldHint !== false };
  return { tier: 3, effect: 'external', destructive: destructiveHint !== false, egress: false };
}

function contradiction(contract: ToolContract, overlay: McpToolOverlay): string | null {
  if (contract.effect === 'read' && contract.destructive)
    return 'it reads and is destructive: say `destructive: false`';
  const unknown = (overlay.sinks ?? []).find(({ path }) => !members(contract.args).includes(path.split('/')[1] ?? ''));
  return unknown ? `its sink ${unknown.path} is no argument` : null;
}

const members = ({ properties }: JsonObject): string[] => Object.keys((properties ?? {}) as JsonObject);

/** Nobody has said what they are: each argument may be what is acted on. */
const sinksOf = (args: JsonObject): ToolContract['sinks'] =>
  members(args)
    .filter((name) => name !== MCP_INPUT)
    .slice(0, 64)
    .map((name) => ({ path: `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, kind: 'target' as const }));

const INPUT_SCHEMA: JsonObject = {
  type: 'object',
  properties: { responses: { type: 'object' }, state: { type: 'string', maxLength: 65_536 } },
  additionalProperties: false,
};

/** INVARIANT: the member by which a person's answer comes in is written by us alone, out of what their client sent. */
function assertNoInput({ inputSchema }: Definition): void {
  if (members(inputSchema).includes(MCP_INPUT)) throw new BadSchema(`${MCP_INPUT} is a name of ours`);
}

function withInput({ relay }: McpUpstream, schema: JsonObject): JsonObject {
  const properties = { ...((schema.properties ?? {}) as JsonObject), [MCP_INPUT]: INPUT_SCHEMA };
  return relay.length === 0 ? schema : { ...schema, properties };
}

const ASKS: JsonObject = {
  type: 'object',
  properties: { resultType: { const: 'input_required' } },
  required: ['resultType'],
};
const FAILED: JsonObject = { type: 'object', properties: { isError: { const: true } }, required: ['isError'] };

/** The whole answer to a call: an upstream that promised a form for its results is held to it. */
function wholeResult(output: JsonObject | null): JsonObject {
  const made = output && asPart(output);
  if (output && !made) throw new BadSchema('the schema of its results refers to itself');
  const complete: JsonObject = {
    type: 'object',
    properties: { content: { type: 'array', maxItems: 1024 }, ...(made ? { structuredContent: made.part } : {}) },
    required: ['content', ...(made ? ['structuredContent'] : [])],
  };
  return { ...made?.defs, anyOf: [ASKS, FAILED, complete] };
}

function bindingOf(upstream: McpUpstream, tool: string, definition: Digest): Json {
  const { server, credential } = upstream;
  const base = { connector: 'mcp', server: server as unknown as Json, tool, definition, whole: true };
  return credential === undefined ? base : { ...base, credential };
}

/** Another definition is another version. */
function versionOf(digest: Digest): string {
  const number = Number.parseInt(digest.slice('sha256:'.length, 'sha256:'.length + 7), 16);
  return `1.${number % 10_000}.${Math.floor(number / 10_000) % 10_000}`;
}

/** A request of MCP that reads, as a tool of ours. */
export function readContract(
  upstream: McpUpstream,
  method: 'resources/read' | 'prompts/get' | 'completion/complete',
  args: JsonObject,
): ToolContract {
  const name = {
    'resources/read': 'read-resource',
    'prompts/get': 'get-prompt',
    'completion/complete': 'complete-argument',
  };
  const definition = digestOf({ v: 1, method });
  const properties = { ...args, ...(upstream.relay.length > 0 ? { [MCP_INPUT]: INPUT_SCHEMA } : {}) };
  return toolContractSchema.parse({
    name: `${upstream.name}-${name[method]}`,
    version: '1',
    title: `${method} of ${upstream.name}`,
    description: `Reads from the MCP server ${upstream.name}.`,
    tier: 1,
    effect: 'read',
    args: { type: 'object', properties, additionalProperties: false },
    result: { type: 'object' },
    sinks: [],
    clearance: upstream.clearance,
    returns: upstream.returns.integrity,
    secrecy: { confidentiality: upstream.returns.confidentiality, categories: upstream.returns.categories },
    undo: 'irreversible',
    timeout_ms: upstream.timeout_ms,
    idempotency: 'none',
    audience: `urn:portreeve:upstream:${upstream.name}`,
    binding: { ...(bindingOf(upstream, method, definition) as JsonObject), method },
  });
}
