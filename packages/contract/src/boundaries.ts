import { z } from 'zod';
import type { EnvironmentName } from './environment-name.ts';
import { nameSchema } from './ids.ts';
import type { Label } from './labels.ts';
import { ENDPOINT_PLACES } from './model-endpoint.ts';
import type { SourceContract } from './workflow.ts';

/** What a source gives that a workflow must have answered for before it reads it. */
export const HOLDINGS = ['logs', 'repository'] as const;

/** Whether what says who somebody is may stand in a question to a model, most careful first. */
export const IDENTIFIERS = ['never', 'pseudonyms', 'clear'] as const;
const identifiers = z.enum(IDENTIFIERS);

/**
 * The answers to the questions of requirement A6. A workflow that gives them is held to them at each read and each question;
 * one that gives none is not ready for production.
 */
export const boundariesSchema = z.strictObject({
  /** Sources with code (`holds: 'repository'`) that it reads; empty: it reads none. */
  repositories: z.array(nameSchema).max(64),
  /** Sources with logs (`holds: 'logs'`) that it reads; empty: it reads none. */
  logs: z.array(nameSchema).max(64),
  /** Whether logs of production are among them: of a source that says so, or that a server in production reads. */
  production_logs: z.boolean(),
  /** `redact`: what looks like a credential is taken out of each question before it is sent. */
  secrets: z.enum(['redact', 'keep']),
  /** By the categories of labels. `pseudonyms`: a question with such data is de-identified, wherever it goes. */
  identifiers: z.strictObject({ customer: identifiers, personal: identifiers }),
  kept: z.strictObject({
    /** Where models may run that get its prompts and make its outputs. */
    models: z.array(z.enum(ENDPOINT_PLACES)).max(ENDPOINT_PLACES.length),
    /** Days after a run's end until what it read, was answered and had attached is deleted here; 0: with its end. */
    days: z.int().min(0).max(36_500),
  }),
});
export type Boundaries = z.infer<typeof boundariesSchema>;

/**
 * What stands against a read or a question, as policy is told: `logs` and `repository`: the source is not named;
 * `production-logs`; `customer` and `personal`: such data is in no question; `pseudonyms`: it goes de-identified or not;
 * `models`: the endpoint runs elsewhere. `none`: nothing does.
 */
export const BOUNDARIES = [
  'none',
  'logs',
  'repository',
  'production-logs',
  'customer',
  'personal',
  'pseudonyms',
  'models',
] as const;
export type Boundary = (typeof BOUNDARIES)[number];

/** Which boundary stands against reading a source on a server of this environment. Logs read in production are production's, unless their source says otherwise. */
export function readBoundary(
  boundaries: Boundaries | undefined,
  source: Pick<SourceContract, 'name' | 'holds' | 'production'>,
  environment: EnvironmentName,
): Boundary {
  if (!boundaries || source.holds === undefined) return 'none';
  if (source.holds === 'repository') return boundaries.repositories.includes(source.name) ? 'none' : 'repository';
  if (!boundaries.logs.includes(source.name)) return 'logs';
  const isProduction = source.production ?? environment === 'production';
  return isProduction && !boundaries.production_logs ? 'production-logs' : 'none';
}

/** Which boundary stands against a question with this label on an endpoint that runs there. */
export function askBoundary(
  boundaries: Boundaries | undefined,
  where: (typeof ENDPOINT_PLACES)[number],
  { categories }: Pick<Label, 'categories'>,
): Boundary {
  if (!boundaries) return 'none';
  if (!boundaries.kept.models.includes(where)) return 'models';
  const among = (answer: (typeof IDENTIFIERS)[number]) =>
    (['customer', 'personal'] as const).find(
      (category) => categories.includes(category) && boundaries.identifiers[category] === answer,
    );
  return among('never') ?? (among('pseudonyms') ? 'pseudonyms' : 'none');
}
