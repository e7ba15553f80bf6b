import type { Clearance, JsonObject, Label, RecordData } from '@portreeve/contract';

/**
 * One block of what a model is shown. `data` carries everything that comes from outside, the model's own rejected
 * answer included, so that a provider can send it apart from the instructions in `text`.
 */
export type ProviderBlock =
  | {
      readonly type: 'text';
      readonly text: string;
      /** It is a prompt file's own words, without anything of a request: a vendor may keep it for the next question. */
      readonly stable?: boolean;
    }
  | { readonly type: 'data'; readonly source: string; readonly title: string; readonly text: string }
  /** What became of a wish for a tool. The text is data, whoever wrote it; where a tool did, it is a piece of evidence. */
  | {
      readonly type: 'tool_result';
      readonly id: string;
      readonly text: string;
      readonly failed: boolean;
      readonly evidence?: { readonly source: string; readonly title: string };
    };

/** One block of what a model answered, in the shape of the Messages API. */
export type AnswerBlock =
  | { readonly type: 'text'; readonly text: string }
  /** A wish, and nothing more: no provider runs a tool. */
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string; readonly input: JsonObject }
  /** A block that only its vendor understands, such as a signed thought: it goes back unchanged in the next turn. */
  | { readonly type: 'opaque'; readonly block: JsonObject };

/** A turn after the question itself. */
export type ProviderTurn =
  | { readonly role: 'assistant'; readonly content: readonly AnswerBlock[] }
  | { readonly role: 'user'; readonly content: readonly ProviderBlock[] };

/** A tool that a model may wish for. */
export interface ProviderTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly input: JsonObject;
}

/** One question, as a provider gets it. */
export interface ProviderRequest {
  readonly model: string;
  readonly system: string;
  readonly content: readonly ProviderBlock[];
  /** What was said since, for a conversation with tools. */
  readonly turns?: readonly ProviderTurn[];
  readonly tools?: readonly ProviderTool[];
  /** The full JSON Schema of the answer. A provider may send less of it: the answer is validated again with all of it. */
  readonly output: JsonObject;
  readonly max_output_tokens: number;
  /** How secret it is. A provider does not send what its clearance does not cover, whoever asks. */
  readonly label: Pick<Label, 'confidentiality' | 'categories'>;
}

/** What an answer took. Integers; a part that the vendor does not tell is 0. */
export interface Usage {
  /** All input, what stood in the vendor's cache included. */
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** Of the input: read from the vendor's prompt cache. */
  readonly cache_read_tokens: number;
  /** Of the input: written to it. */
  readonly cache_write_tokens: number;
}

export const NO_USAGE: Usage = { input_tokens: 0, output_tokens: 0, cache_read_tokens: 0, cache_write_tokens: 0 };

export interface ProviderAnswer extends Usage {
  /** The model that answered, as the vendor names it. */
  readonly model: string;
  /** The vendor's stop reason, in the words of the Messages API. */
  readonly stop_reason: string;
  readonly refusal: { readonly category: string | null; readonly explanation: string | null } | null;
  readonly content: readonly AnswerBlock[];
  /** The text of the answer; empty where there is none. */
  readonly text: string;
  readonly request_id: string | null;
}

/** Hears of an attempt while it is under way. What it is told is quick to take, and it never throws. */
export interface Watch {
  /** Text as it arrives; the presence of this asks for a stream. Nothing of it has been validated. */
  readonly text?: (piece: string) => void;
  /** An HTTP request goes out. */
  readonly sent?: () => void;
  /** Its answer began, with this status. */
  readonly began?: (status: number) => void;
}

export const PROVIDER_ERROR_KINDS = [
  'timeout',
  'connection',
  'status',
  'broken_answer',
  'too_large',
  'not_cleared',
  /** The question does not fit into the model's context window. */
  'context_overflow',
  /** There is no credential to ask with. Nothing was sent. */
  'credential',
] as const;
export type ProviderErrorKind = (typeof PROVIDER_ERROR_KINDS)[number];

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
  /** What the vendor said that the attempt took, before it failed. */
  readonly usage: Usage;

  constructor(
    kind: ProviderErrorKind,
    message: string,
    facts: {
      transient: boolean;
      status?: number | undefined;
      retry_after_ms?: number | null;
      request_id?: string | null;
      code?: string | null;
      usage?: Usage;
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
    this.usage = facts.usage ?? NO_USAGE;
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
  /** As OpenTelemetry names it: `anthropic`, `aws.bedrock`, `gcp.vertex_ai`, … */
  readonly vendor: string;
  /** Where its requests go, for the trace. */
  readonly address: { readonly host: string; readonly port: number };
  complete(request: ProviderRequest, signal: AbortSignal, watch?: Watch): Promise<ProviderAnswer>;
}

/**
 * Takes the facts of a question as they arise, in the form of the record types of the same names. Each callback is
 * awaited before anything follows; one that rejects ends the question, so that nothing acts unrecorded.
 */
export interface ModelObserver {
  /** An answer, and with it what makes it valid: the two stand on record together, by one commit. */
  answered(facts: RecordData<'model.answered'>, validated: RecordData<'output.validated'> | null): Promise<void>;
  attemptFailed(facts: RecordData<'model.attempt_failed'>): Promise<void>;
  failed(facts: RecordData<'model.failed'>): Promise<void>;
  rejected(facts: RecordData<'output.rejected'>): Promise<void>;
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
