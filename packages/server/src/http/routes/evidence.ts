import { evidenceReportSchema, FRAMEWORKS } from '@portreeve/contract';
import { z } from 'zod';
import { reportEvidence } from '../../governance/evidence.ts';
import { REGISTERS } from '../../governance/registers/index.ts';
import { REGISTER_NAMES, registerPage } from '../../governance/registers/register.ts';
import { route } from '../route.ts';
import { listLimit } from './schemas.ts';
import { spanOf, spanShape } from './span.ts';

/** What auditors ask for (requirement H8): controls answered from the record, and registers of what there is. */
export const evidenceRoutes = [
  route({
    method: 'GET',
    url: '/v1/evidence/:framework',
    operation: 'evidence.read',
    summary: 'What the record shows of each control of a framework, with proofs, and what it does not show',
    records: ['evidence.reported'],
    params: z.strictObject({ framework: z.enum(FRAMEWORKS) }),
    query: z.strictObject(spanShape),
    answers: { 200: evidenceReportSchema },
    handler: ({ services, who, params, query }) =>
      reportEvidence(services, who.principal, params.framework, spanOf(query, services.clock)),
  }),
  route({
    method: 'GET',
    url: '/v1/registers/:name',
    operation: 'registers.read',
    summary: 'A register, page by page: AI systems, identities that are no people, data flows, exceptions, incidents',
    records: 'read',
    params: z.strictObject({ name: z.enum(REGISTER_NAMES) }),
    query: z.strictObject({ ...spanShape, limit: listLimit, after: z.string().min(1).max(500).optional() }),
    answers: {
      200: z.object({
        register: z.enum(REGISTER_NAMES),
        title: z.string(),
        columns: z.array(z.object({ name: z.string(), means: z.string() })),
        rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
        next: z.string().nullable().describe('Pass as `after` for the page that follows'),
      }),
    },
    handler: ({ services, who, params, query }) =>
      registerPage(
        { name: params.name, ...REGISTERS[params.name] },
        {
          ...{ services, reader: who.principal, span: spanOf(query, services.clock) },
          ...{ limit: query.limit, after: query.after ?? null },
        },
      ),
  }),
];
