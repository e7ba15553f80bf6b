export {
  type MessagesApiServer,
  messagesApiServer,
  type RecordedRequest,
  type Reply,
  reply,
} from './messages-api-server.ts';
export { memoryObserver } from './observer.ts';
export {
  CONTRACT_ANSWER,
  CONTRACT_RETRY_AFTER_MS,
  type MakeProvider,
  PROVIDER_SCENARIOS,
  type ProviderScenario,
  providerContract,
} from './provider-contract.ts';
export { answerOf, scriptedProvider } from './scripted-provider.ts';
