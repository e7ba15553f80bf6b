export { ANTHROPIC_URL, type AnthropicProviderOptions, anthropicProvider } from './anthropic/provider.ts';
export {
  type Ask,
  type AskOptions,
  type AskResult,
  type Caller,
  createModel,
  type Model,
  type ModelOptions,
} from './ask.ts';
export {
  CIRCUIT_EVENTS,
  CIRCUIT_STATES,
  CIRCUIT_TABLE,
  CIRCUITS,
  type Circuit,
  type CircuitEvent,
  type CircuitState,
} from './circuit/circuit.ts';
export { type Circuits, createCircuits } from './circuit/circuits.ts';
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
export { localSharing, RESILIENCE, type ResilienceOptions, type Sharing } from './resilience.ts';
export { localState, type SharedState, type StateKind } from './shared-state.ts';
export { simulatedAnswer } from './simulated/answer.ts';
export { OUTPUT_CHARS_MAX } from './validate-output.ts';
export {
  type Amount,
  type Budgets,
  describeShortfall,
  inUnits,
  NO_BUDGETS,
  type Payer,
  type Shortfall,
} from './volume/budgets.ts';
export type { Priority } from './volume/fair-queue.ts';
export { type Load, NO_RATES, type Rates, TAKEN, type Taken, take } from './volume/rates.ts';
