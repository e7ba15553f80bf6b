import { z } from 'zod';
import { type Digest, digestOf, digestSchema, type JsonObject } from './canonical.ts';
import { nameSchema } from './ids.ts';

/*
 * How one call of a tool is made. Each kind of binding belongs to one connector. No secret stands here, only its name,
 * and no address of an environment: `system://NAME/…` is looked up when the call is made.
 */

/** Absolute address, or `system://NAME/…`. */
const addressSchema = z.string().min(1).max(2048);
const argumentSchema = z.string().min(1).max(128);
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export const httpBindingSchema = z.strictObject({
  connector: z.literal('http'),
  method: z.enum(METHODS),
  /** Absolute address; `{name}` is replaced by the percent-encoded argument of that name. */
  url: addressSchema,
  /** Arguments that travel in the body; those in the address are left out. `true`: all others. */
  body: z.boolean().default(true),
  /** The name of a secret whose value is sent as a bearer token besides the grant. */
  credential: nameSchema.optional(),
});
export type HttpBinding = z.infer<typeof httpBindingSchema>;

/** One operation of an OpenAPI 3 document, as `defineToolFromOpenApi` reads it. */
export const openapiBindingSchema = z.strictObject({
  connector: z.literal('openapi'),
  operation: z.string().min(1).max(256),
  /** Digest of the document (RFC 8785, SHA-256): this is the one that was reviewed. */
  spec: digestSchema,
  /** Where the downstream serves its document. Given, it is read before each call; a changed one stops the call. */
  spec_url: addressSchema.optional(),
  method: z.enum(METHODS),
  url: addressSchema,
  parameters: z
    .array(
      z.strictObject({ argument: argumentSchema, name: z.string().max(128), in: z.enum(['path', 'query', 'header']) }),
    )
    .max(64),
  /** The argument that is the JSON body. */
  body: argumentSchema.optional(),
  credential: nameSchema.optional(),
  /** The header of an API key; without it the credential is a bearer token. */
  credential_header: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,63}$/)
    .optional(),
});
export type OpenApiBinding = z.infer<typeof openapiBindingSchema>;

export const SQL_TYPES = [
  'text',
  'int',
  'bigint',
  'numeric',
  'boolean',
  'date',
  'timestamptz',
  'uuid',
  'json',
] as const;
export type SqlType = (typeof SQL_TYPES)[number];

/** One declared statement. Nobody but the author of the contract writes SQL: arguments are parameters alone. */
export const postgresBindingSchema = z.strictObject({
  connector: z.literal('postgres'),
  /** `system://NAME/DATABASE`, which gives `postgres://host:port/DATABASE`. */
  url: addressSchema,
  /** A secret `{"username": …, "password": …}` of a role that may do this and no more; a superuser is refused. */
  credential: nameSchema,
  statement: z
    .string()
    .max(16_384)
    .regex(
      /^\s*(select|values|table|with|insert|update|delete|merge)\b/i,
      'use one statement that reads or changes rows',
    )
    .refine((sql) => !sql.includes(';'), 'one statement, without a semicolon'),
  /** `$1`, `$2`, … in this order. */
  parameters: z.array(z.strictObject({ argument: argumentSchema, type: z.enum(SQL_TYPES) })).max(64),
  /** `read`: a read-only transaction. `rollback`: it is carried out and taken back, for a dry run. */
  mode: z.enum(['read', 'write', 'rollback']),
  /** More rows than this, read or changed, and the transaction is taken back. */
  rows_max: z.int().min(1).max(10_000).default(100),
  bytes_max: z
    .int()
    .min(1024)
    .max(16 * 1024 * 1024)
    .default(1024 * 1024),
  /** `none` only to a system that is declared as private. */
  tls: z.enum(['verify', 'none']).default('verify'),
});
export type PostgresBinding = z.infer<typeof postgresBindingSchema>;

/** How an MCP server is reached. */
export const mcpServerSchema = z.discriminatedUnion('transport', [
  z.strictObject({ transport: z.literal('http'), url: addressSchema }),
  /** A child process with nothing of our environment; a path in `command` is relative to the project. */
  z.strictObject({
    transport: z.literal('stdio'),
    command: z.array(z.string().min(1).max(1024)).min(1).max(32),
    /** It needs connections of its own. Left out: it has no network, where the system lets us take it away. */
    network: z.literal(true).optional(),
    /** The variable that holds the credential, and the only one besides PATH. */
    credential_variable: z
      .string()
      .regex(/^[A-Z][A-Z0-9_]{0,63}$/)
      .optional(),
  }),
]);
export type McpServer = z.infer<typeof mcpServerSchema>;

/** Requests of MCP that read something of a server besides its tools. */
export const MCP_READS = ['resources/read', 'prompts/get', 'completion/complete'] as const;

/** One tool of an MCP server, pinned to its definition. */
export const mcpBindingSchema = z.strictObject({
  connector: z.literal('mcp'),
  server: mcpServerSchema,
  tool: z.string().regex(/^[A-Za-z0-9_./-]{1,128}$/),
  /** {@link mcpDefinitionDigest} of the definition that was reviewed. A server that shows another one is not called. */
  definition: digestSchema,
  credential: nameSchema.optional(),
  /**
   * For whoever speaks MCP to us: the result is the server's whole answer (`content`, `isError`, what it asks for before it
   * goes on), and the argument {@link MCP_INPUT} carries what the client answered to that.
   */
  whole: z.literal(true).optional(),
  /** Another request than `tools/call`, which takes the arguments as its parameters. Only for what reads. */
  method: z.enum(MCP_READS).optional(),
});
export type McpBinding = z.infer<typeof mcpBindingSchema>;

const domainSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/, 'use a domain such as acme.example');

/** One message of plain text, without attachments. */
export const emailBindingSchema = z.strictObject({
  connector: z.literal('email'),
  /** `system://NAME/`, which gives `smtp://host:port/` (STARTTLS) or `smtps://host:port/`. */
  url: addressSchema,
  from: z
    .string()
    .max(254)
    .regex(/^[A-Za-z0-9._+-]{1,64}@[a-z0-9.-]+$/, 'use an address such as desk@acme.example'),
  /** The arguments that hold the recipient or recipients, the subject and the text. */
  to: argumentSchema,
  subject: argumentSchema,
  text: argumentSchema,
  /** Mail goes to these domains alone; subdomains are domains of their own. */
  domains: z.array(domainSchema).min(1).max(64),
  recipients_max: z.int().min(1).max(50).default(1),
  /** `none` only to a system that is declared as private, and without a credential. */
  tls: z.enum(['verify', 'none']).default('verify'),
  /** A secret `{"username": …, "password": …}`. */
  credential: nameSchema.optional(),
});
export type EmailBinding = z.infer<typeof emailBindingSchema>;

/** One event by Standard Webhooks. The credential is the signing secret: `whsec_…` (HMAC) or `whsk_…` (Ed25519). */
export const webhookBindingSchema = z.strictObject({
  connector: z.literal('webhook'),
  url: addressSchema,
  event: z
    .string()
    .regex(/^[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*$/, 'use a type such as refund.approved')
    .max(128),
  credential: nameSchema,
});
export type WebhookBinding = z.infer<typeof webhookBindingSchema>;

/** The value's label is lowered by the gate itself: nothing is called. Only for the tools of `relabel.ts`. */
export const relabelBindingSchema = z.strictObject({ connector: z.literal('relabel') });

/**
 * The one who asks does it itself once it is permitted: nothing is called. For tools that an agent runs where it is (a
 * shell, an editor), which therefore the gate lets and cannot carry out. Only in toolsets for agents outside.
 */
export const callerBindingSchema = z.strictObject({ connector: z.literal('caller') });

export const toolBindingSchema = z.discriminatedUnion('connector', [
  httpBindingSchema,
  openapiBindingSchema,
  postgresBindingSchema,
  mcpBindingSchema,
  emailBindingSchema,
  webhookBindingSchema,
  relabelBindingSchema,
  callerBindingSchema,
]);
export type ToolBinding = z.infer<typeof toolBindingSchema>;

/** Every address that a binding names. */
export function addressesOf(binding: ToolBinding): string[] {
  if (binding.connector === 'relabel' || binding.connector === 'caller') return [];
  if (binding.connector === 'mcp') return binding.server.transport === 'http' ? [binding.server.url] : [];
  if (binding.connector === 'openapi' && binding.spec_url !== undefined) return [binding.url, binding.spec_url];
  return [binding.url];
}

/** The argument that carries a further round of a call (MCP 2026-07-28, multi-round-trip): `{responses, state}`. */
export const MCP_INPUT = 'mcp-input';

/**
 * The digest that pins a tool of an MCP server: of all that tells people and models what it does and takes. `_meta`,
 * icons and what a later revision adds are left out.
 */
export function mcpDefinitionDigest(tool: {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: object;
  readonly outputSchema?: object | undefined;
  readonly annotations?: object | undefined;
}): Digest {
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  const parts = { v: 1, name, title, description, inputSchema, outputSchema, annotations };
  return digestOf(JSON.parse(JSON.stringify(parts)) as JsonObject);
}
