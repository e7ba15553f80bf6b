export type { AgentTalk } from './agent-turns.ts';
export {
  type AssembleOptions,
  type Assembly,
  assemble,
  PROMPT_FRAME,
  type PromptInputs,
  REQUEST_LABEL,
} from './assemble.ts';
export { cleanText } from './clean.ts';
export { closedOutcome } from './closed-outcome.ts';
export { SYSTEM_DIGEST, SYSTEM_LAYER } from './compose-system.ts';
export { type Deidentified, deidentify, REMOVED_CATEGORIES } from './deidentify/deidentify.ts';
export { detectPersonal, findPersonal, type PersonalRecogniser } from './deidentify/detect-personal.ts';
export { type Certainty, PERSONAL_KINDS, type PersonalKind, type PersonalSpan } from './deidentify/kinds.ts';
export { type PresidioOptions, presidioRecogniser } from './deidentify/presidio.ts';
export { type Pseudonymised, type PseudonymiseOptions, pseudonymise } from './deidentify/pseudonymise.ts';
export { redactSecrets } from './deidentify/redact-secrets.ts';
export { type Restored, type RestoreOptions, restore } from './deidentify/restore.ts';
export {
  type RestoreArgumentsOptions,
  type RestoredArguments,
  restoreArguments,
} from './deidentify/restore-arguments.ts';
export type { PseudonymVault, VaultEntry } from './deidentify/vault.ts';
export {
  type ClassifierFailure,
  type ClassifierOutcome,
  type HttpClassifierOptions,
  httpClassifier,
  type InjectionClassifier,
} from './detect/outside-classifier.ts';
export {
  INJECTION_LIKELY,
  type InjectionScore,
  type InjectionSignal,
  type SignalName,
  scoreInjection,
} from './detect/score-injection.ts';
export { evidenceDigest, labelEvidence, makeEvidence } from './evidence.ts';
export { type Finding, type FindingKind, suspiciousKinds } from './findings.ts';
export { ANSWER_AT, type Answered, type HeardAnswer, hearAnswer, piecesOf } from './hear-answer.ts';
export type {
  Block,
  IngestedDocument,
  IngestFinding,
  IngestOutcome,
  IngestRequest,
  MediaType,
  Place,
  RefusalReason,
} from './ingest/document.ts';
export { createIngester, type Ingester, type IngesterOptions } from './ingest/ingester.ts';
export type { IngestLimits } from './ingest/limits.ts';
export { originalPlace } from './ingest/original-place.ts';
export { loadLabelled, type SaveOptions, saveLabelled } from './labelled-values.ts';
export { forgetDue, forgetRun, forgetUsed } from './life/forget.ts';
export { type EndedReading, NOT_KEPT } from './life/rules.ts';
export { type Entered, type RunLife, runLife } from './life/run-life.ts';
export { withholdNotKept } from './life/withhold.ts';
export { loadPrompts, type Prompt, parsePrompt } from './load-prompts.ts';
export type {
  ContextStore,
  SecretReader,
  SourceItem,
  SourceItems,
  SourceReader,
  SourceRequest,
  StoredValue,
} from './ports.ts';
export { attachmentSource } from './read-attachment.ts';
export { fileSource } from './read-file.ts';
export { type HttpSourceOptions, httpSource } from './read-http.ts';
export { readSource, revealNotKept, type SourceReading } from './read-source.ts';
export { scoreValue } from './score-items.ts';
