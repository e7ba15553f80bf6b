export { bedrockDialect } from './dialects/bedrock.ts';
export { chunkMessage, exceptionMessage } from './dialects/event-stream.ts';
export { foundryDialect } from './dialects/foundry.ts';
export { openaiDialect } from './dialects/openai.ts';
export { vertexDialect } from './dialects/vertex.ts';
export {
  type MessagesApiServer,
  messagesApiServer,
  type RecordedRequest,
  scriptedServer,
} from './messages-api-server.ts';
export { memoryObserver } from './observer.ts';
export {
  CONTRACT_ANSWER,
  CONTRACT_RETRY_AFTER_MS,
  type MakeProvider,
  PROVIDER_SCENARIOS,
  type ProviderScenario,
  providerContract,
  SILENT,
} from './provider-contract.ts';
export { type Reply, reply } from './replies.ts';
export { answerOf, scriptedProvider } from './scripted-provider.ts';
export { startTokenServer } from './token-server.ts';
