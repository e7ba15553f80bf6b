import { vi } from 'vitest';

/**
 * Sets every variable from which an SDK of a model would take an address, a credential, a header or a log level. What a
 * provider then sends shows whether it read one. Undone by `vi.unstubAllEnvs`.
 */
export function trapEnvironment(trapUrl: string): void {
  const variables = {
    ANTHROPIC_BASE_URL: trapUrl,
    ANTHROPIC_BEDROCK_BASE_URL: trapUrl,
    ANTHROPIC_VERTEX_BASE_URL: trapUrl,
    ANTHROPIC_FOUNDRY_BASE_URL: trapUrl,
    OPENAI_BASE_URL: trapUrl,
    ANTHROPIC_API_KEY: 'sk-from-environment',
    ANTHROPIC_AUTH_TOKEN: 'token-from-environment',
    ANTHROPIC_FOUNDRY_API_KEY: 'foundry-from-environment',
    ANTHROPIC_FOUNDRY_RESOURCE: 'resource-from-environment',
    ANTHROPIC_VERTEX_PROJECT_ID: 'project-from-environment',
    CLOUD_ML_REGION: 'region-from-environment',
    AWS_BEARER_TOKEN_BEDROCK: 'bedrock-from-environment',
    AWS_ACCESS_KEY_ID: 'AKIAFROMENVIRONMENT0',
    AWS_SECRET_ACCESS_KEY: 'secret-from-environment',
    AWS_SESSION_TOKEN: 'session-from-environment',
    AWS_REGION: 'eu-north-1',
    AWS_PROFILE: 'nobody',
    GOOGLE_APPLICATION_CREDENTIALS: '/nonexistent/credentials.json',
    OPENAI_API_KEY: 'openai-from-environment',
    OPENAI_ADMIN_KEY: 'admin-from-environment',
    OPENAI_ORG_ID: 'organisation-from-environment',
    OPENAI_PROJECT_ID: 'project-from-environment',
    ANTHROPIC_PROFILE: 'nobody',
    ANTHROPIC_LOG: 'debug',
    OPENAI_LOG: 'debug',
    ANTHROPIC_CUSTOM_HEADERS: 'authorization: Bearer stolen\nx-evil: 1\nanthropic-version: 2020-01-01',
    OPENAI_CUSTOM_HEADERS: 'authorization: Bearer stolen\nx-evil: 1',
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

/** What Node's own fetch adds to a request. */
const TRANSPORT = new Set([
  'host',
  'connection',
  'accept-language',
  'sec-fetch-mode',
  'accept-encoding',
  'content-length',
]);

/** The names of a request's headers that a provider itself sent, sorted. */
export const ownHeaderNames = (headers: object): string[] =>
  Object.keys(headers)
    .filter((name) => !TRANSPORT.has(name))
    .sort();

/** A question of a test that asks for nothing in particular. */
export const PLAIN_QUESTION = {
  model: 'model-1',
  system: 'You summarise.',
  content: [{ type: 'text', text: 'Summarise case C-1.' }],
  output: { type: 'object', properties: { n: { type: 'string' } }, required: ['n'], additionalProperties: false },
  max_output_tokens: 1000,
  label: { confidentiality: 'public', categories: [] },
} as const;
