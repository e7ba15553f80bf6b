import type { Clearance, JsonObject, Label, RecordData } from '@portreeve/contract';

/**
 * One block of what a model is shown. `data` carries everything that comes from outside, the model's own rejected
 * answer included, so that a provider can send it apart from the instructions in `text`.
 */
export type ProviderBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'data'; readonly source: string; readonly title: string; readonly text: string };

/** One question, as a provider gets it. */
export interface ProviderRequest {
  readonly model: string;
  readonly system: string;
  readonly content: readonly ProviderBlock[];
  /** The full JSON Schema of the answer. A provider may send less of it: the answer is validated again with all of it. */
  readonly output: JsonObject;
  readonly max_output_tokens: number;
  /** How secret it is. A provider does not send what its clearance does not cover, whoever asks. */
  readonly label: Pick<Label, 'confidentiality' | 'categories'>;
}

export interface ProviderAnswer {
  /** The model that answered, as the vendor names it. */
  readonly model: string;
  /** The vendor's stop reason, in the words of the Messages API. */
  readonly stop_reason: string;
  readonly refusal: { readonly category: string | null; readonly explanation: string | null } | null;
  /** The text of the answer; empty where there is none. */
  readonly text: string;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly request_id: string | null;
}

export type ProviderErrorKind = 'timeout' | 'connection' | 'status' | 'broken_answer' | 'too_large' | 'not_cleared';

/**
 * A call that brought no answer. `transient`: the same call may succeed later. `message` is safe to show: bounded, on
 * one line, without credentials.
 */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly kind: ProviderErrorKind;
  readonly transient: boolean;
  readonly status: number | null;
  /** Milliseconds that the vendor asks to wait before the next try. */
  readonly retry_after_ms: number | null;
  readonly request_id: string | null;
  /** The vendor's own name for it, where it says one. */
  readonly code: string | null;

  constructor(
    kind: ProviderErrorKind,
    message: string,
    facts: {
      transient: boolean;
      status?: number | undefined;
      retry_after_ms?: number | null;
      request_id?: string | null;
      code?: string | null;
      cause?: unknown;
    },
  ) {
    super(oneLine(message, 400), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.transient = facts.transient;
    this.status = facts.status ?? null;
    this.retry_after_ms = facts.retry_after_ms ?? null;
    this.request_id = facts.request_id ?? null;
    this.code = facts.code ?? null;
  }
}

/**
 * A model endpoint. It makes one attempt and never retries: the resilience around it does. It rejects with
 * {@link ProviderError} and nothing else, except for errors in our own code or configuration.
 */
export interface Provider {
  readonly name: string;
  /** Whether its answers are computed by ordinary code. Shown in the console and in every record. */
  readonly simulated: boolean;
  /** The most secret data that this endpoint may receive; above it `complete` rejects with `not_cleared`. */
  readonly clearance: Clearance;
  /** The model for prompts that name none. */
  readonly model: string;
  complete(request: ProviderRequest, signal: AbortSignal): Promise<ProviderAnswer>;
}

/**
 * Takes the facts of a question as they arise, in the form of the record types of the same names. Each callback is
 * awaited before anything follows; one that rejects ends the question, so that nothing acts unrecorded.
 */
export interface ModelObserver {
  answered(facts: RecordData<'model.answered'>): Promise<void>;
  failed(facts: RecordData<'model.failed'>): Promise<void>;
  rejected(facts: RecordData<'output.rejected'>): Promise<void>;
  validated(facts: RecordData<'output.validated'>): Promise<void>;
}

/** Waits; rejects with the signal's reason when it is aborted. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Text from a vendor or a model, fit for a record or a log line: one line, at most `max` characters. */
export function oneLine(text: string, max: number): string {
  return text
    .slice(0, max * 2)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, max)
    .toWellFormed();
}
