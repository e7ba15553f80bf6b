export { ANTHROPIC_URL, type AnthropicProviderOptions, anthropicProvider } from './anthropic/provider.ts';
export { type Ask, type AskOptions, type AskResult, createModel, type ModelOptions } from './ask.ts';
export {
  anthropicFederation,
  ENTRA_AUTHORITY,
  entraFederation,
  GOOGLE_IMPERSONATION_URL,
  GOOGLE_TOKEN_URL,
  googleFederation,
  jwtBearer,
} from './credentials/federation.ts';
export { ASK_FAILURES, type AskFailure } from './judge-answer.ts';
export {
  type ModelObserver,
  type Provider,
  type ProviderAnswer,
  type ProviderBlock,
  ProviderError,
  type ProviderErrorKind,
  type ProviderRequest,
  type Sleep,
} from './ports.ts';
export { RESILIENCE, type ResilienceOptions } from './resilience.ts';
export { OUTPUT_CHARS_MAX } from './validate-output.ts';
