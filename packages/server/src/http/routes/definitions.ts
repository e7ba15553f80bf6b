import { type Digest, digestSchema, jsonObjectSchema, nameSchema } from '@portreeve/contract';
import { z } from 'zod';
import { decideDefinition, definitionView, listDefinitions } from '../../mcp/review-definitions.ts';
import { DEFINITION_STATES } from '../../store/mcp-definitions.ts';
import { route } from '../route.ts';

const definitionSchema = z.looseObject({
  upstream: z.string(),
  tool: z.string(),
  definition: digestSchema,
  body: jsonObjectSchema.describe('The definition as the server shows it'),
  state: z.enum(DEFINITION_STATES),
  changes: z.array(z.unknown()).nullable().describe('Against the definition in use'),
  findings: z.array(z.string()).describe('Hidden characters and signals of an instruction; none is no proof'),
  contract: z.unknown().describe('How it is governed; null where it cannot be'),
  why: z.string().nullable(),
});

const toolName = z.string().min(1).max(128);

/** Tools of upstream MCP servers: what they show, and which of it may be used (requirement H2). */
export const definitionRoutes = [
  route({
    method: 'GET',
    url: '/v1/definitions',
    operation: 'definitions.read',
    summary: 'The tool definitions of upstream MCP servers, each with its changes and findings',
    records: 'read',
    query: z.strictObject({ upstream: nameSchema.optional() }),
    answers: { 200: z.object({ definitions: z.array(definitionSchema) }) },
    handler: async ({ services, query }) => {
      const { gateway, definitions } = services.mcp;
      const found = await listDefinitions(gateway, definitions, query.upstream ? { upstream: query.upstream } : {});
      return { definitions: found.map(definitionView) };
    },
  }),
  route({
    method: 'POST',
    url: '/v1/definitions/verdicts',
    operation: 'definitions.decide',
    summary: 'Let one definition of a tool be used, or no longer; an approval takes the place of the one before',
    records: ['mcp.definition_decided'],
    body: z.strictObject({
      upstream: nameSchema,
      tool: toolName,
      definition: digestSchema.describe('Of exactly what was looked at'),
      verdict: z.enum(['approved', 'withdrawn']),
      reason: z.string().trim().min(1).max(1000),
    }),
    answers: { 201: definitionSchema },
    handler: async ({ services, who, body }) => {
      const { gateway, definitions: store, changes } = services.mcp;
      const { audit, database: uow, clock } = services;
      const wish = { ...body, definition: body.definition as Digest, by: who.principal };
      return definitionView(await decideDefinition({ gateway, store, changes, audit, uow, clock }, wish));
    },
  }),
];
