import { z } from 'zod';
import { nameSchema } from './ids.ts';
import { CATEGORIES, CONFIDENTIALITY, clearanceSchema, INTEGRITY } from './labels.ts';
import { tokenExchangeSchema } from './mcp-exchange.ts';
import { mcpServerSchema } from './tool-binding.ts';
import { RISK_TIERS, toolContractSchema } from './workflow.ts';

/** A tool's name as MCP has it (2026-07-28, server/tools). */
export const mcpToolNameSchema = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/);

const group = z.string().min(1).max(128);

/** What every set of tools says that outside agents may use. It is to policy what a workflow is. */
const toolset = {
  /** Its name, which begins the names of its tools. */
  name: nameSchema.max(24),
  risk: z.enum(RISK_TIERS).default('medium'),
  /** Groups whose members approve its actions. */
  approvers: z.array(group).min(1).max(16),
  approval_timeout_minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 30)
    .default(60 * 24),
  /** Only members of these groups see and use its tools; left out: whoever may use tools at all. */
  groups: z.array(group).min(1).max(16).optional(),
};

/** Tools of the project's own: contracts with any binding, from a file that exports a list of them by default. */
const declaredToolsetSchema = z.strictObject({ ...toolset, tools: z.string().min(1).max(1024) });

/** What a reviewer says of one tool of an upstream, in place of what its annotations propose. */
const toolOverlaySchema = toolContractSchema
  .pick({
    name: true,
    tier: true,
    effect: true,
    sinks: true,
    clearance: true,
    destructive: true,
    egress: true,
    returns: true,
    secrecy: true,
    timeout_ms: true,
    idempotency: true,
    undo: true,
  })
  .partial()
  .strict();
export type McpToolOverlay = z.infer<typeof toolOverlaySchema>;

/** Requests of an upstream to the client that are passed on; without it they are refused. */
export const MCP_RELAYS = ['elicitation', 'sampling', 'roots'] as const;

/** An MCP server behind the gateway. Nothing of it can be used before a person has approved its definition. */
const upstreamSchema = z.strictObject({
  ...toolset,
  server: mcpServerSchema,
  /** `false`: its tools keep their names. For one upstream alone, whose names clients already know. */
  prefix: z.boolean().default(true),
  /** The secret that it is called with. `per_user`: `CREDENTIAL-PRINCIPAL`, one of each caller. */
  credential: nameSchema.max(24).optional(),
  per_user: z.boolean().default(false),
  /** Each caller's own token, by token exchange; `credential` then reads its lists alone. */
  credentials: z.strictObject({ exchange: tokenExchangeSchema }).optional(),
  /** Who wrote what it answers, and how secret that is. */
  returns: z
    .strictObject({
      integrity: z.enum(INTEGRITY).default('untrusted'),
      confidentiality: z.enum(CONFIDENTIALITY).default('internal'),
      categories: z.array(z.enum(CATEGORIES)).default([]),
    })
    .prefault({}),
  /** The most secret data that may be sent to it. */
  clearance: clearanceSchema.default({ confidentiality: 'internal', categories: [] }),
  timeout_ms: z.int().min(100).max(120_000).default(30_000),
  tools: z.record(mcpToolNameSchema, toolOverlaySchema).default({}),
  relay: z.array(z.enum(MCP_RELAYS)).max(MCP_RELAYS.length).default([]),
  /** Seconds after which its lists are read again. */
  refresh_s: z.int().min(1).max(86_400).default(60),
});
export type McpUpstream = z.infer<typeof upstreamSchema>;
export type McpDeclaredToolset = z.infer<typeof declaredToolsetSchema>;

/** The gateway for outside agents (requirements I4, F12, H2). */
export const mcpConfigSchema = z
  .strictObject({
    upstreams: z.array(upstreamSchema).max(32).default([]),
    toolsets: z.array(declaredToolsetSchema).max(32).default([]),
    /** After this long without a call, the next one begins a session that has read nothing. */
    session_idle_minutes: z
      .int()
      .min(5)
      .max(7 * 24 * 60)
      .default(8 * 60),
    /** Requests a minute and address at `/mcp`, before anybody is known. */
    per_minute: z.int().min(60).max(10_000_000).default(6000),
    /** Hosts besides that of `identity.base_url` under which `/mcp` may be called, as `Host` names them, without a port. */
    hosts: z
      .array(z.string().regex(/^[a-z0-9.-]{1,253}$/))
      .max(16)
      .default([]),
  })
  .superRefine(({ upstreams, toolsets }, context) => {
    const names = [...upstreams, ...toolsets].map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined)
      context.addIssue({ code: 'custom', path: ['upstreams'], message: `two are called ${twice}` });
    const plain = upstreams.filter(({ prefix }) => !prefix);
    if (plain.length > 1 || (plain.length === 1 && names.length > 1))
      context.addIssue({ code: 'custom', path: ['upstreams'], message: 'one without a prefix stands alone' });
    for (const [index, { per_user, credential, credentials, server }] of upstreams.entries()) {
      const fault = (member: string, message: string) =>
        context.addIssue({ code: 'custom', path: ['upstreams', index, member], message });
      if (per_user && credential === undefined) fault('per_user', 'goes with `credential`');
      if (credentials && per_user) fault('credentials', 'goes without `per_user`');
      if (credentials && server.transport !== 'http') fault('credentials', 'goes with a server over HTTP');
    }
  });
export type McpConfig = z.infer<typeof mcpConfigSchema>;
