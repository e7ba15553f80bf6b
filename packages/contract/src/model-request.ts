import type { Digest, JsonObject } from './canonical.ts';
import type { EvidenceId } from './ids.ts';
import type { Claims, SemanticCheck } from './output-rules.ts';

/** One piece of what a model is shown. Untrusted text travels in `evidence` blocks alone, never in `text`. */
export type ModelBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'evidence'; readonly id: EvidenceId; readonly title: string; readonly text: string };

/**
 * One question to a model, as `context` assembles it and `model` sends it: the canonical shape of every provider. It
 * travels as `Labelled<ModelRequest>`, so that only those two can read it.
 */
export interface ModelRequest {
  readonly prompt: string;
  readonly prompt_version: string;
  /** The model that the prompt asks for; the routing decides where it does not say. */
  readonly model: string | null;
  /** The system layer: composed by Portreeve, free of anything from outside. */
  readonly system: string;
  readonly content: readonly ModelBlock[];
  /** JSON Schema 2020-12 that the answer must satisfy. */
  readonly output: JsonObject;
  /** JSON pointers into the answer (`*`: every item) whose values must be ids of evidence that was shown. */
  readonly cites: readonly string[];
  /** Claims of the answer whose quoted passages are looked for. */
  readonly claims?: Claims;
  /** What the answer must mean besides. */
  readonly checks?: readonly SemanticCheck[];
  /** Where the answer says how sure it is. */
  readonly confidence?: string;
  readonly max_output_tokens: number;
  /** The digest of everything above. */
  readonly input_digest: Digest;
}
