import type { Digest, JsonObject } from './canonical.ts';
import type { EvidenceId } from './ids.ts';
import type { Claims, SemanticCheck } from './output-rules.ts';

/** One piece of what a model is shown. Untrusted text travels in `evidence` blocks alone, never in `text`. */
export type ModelBlock =
  | {
      readonly type: 'text';
      readonly text: string;
      /** It is the prompt file's own text, without anything of a request: a vendor may keep it for the next question. */
      readonly stable?: true;
    }
  | { readonly type: 'evidence'; readonly id: EvidenceId; readonly title: string; readonly text: string };

/** A tool that an agent may wish for. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its arguments. */
  readonly input: JsonObject;
}

/** One turn of an agent: what it answered, as its vendor gave it, and what became of each wish in that. */
export interface ModelTurn {
  readonly answer: readonly JsonObject[];
  readonly results: readonly {
    readonly id: string;
    readonly text: string;
    readonly failed: boolean;
    /** Of what a tool answered: the piece that the text is. Our own words about a wish are none. */
    readonly evidence?: { readonly id: EvidenceId; readonly title: string };
  }[];
}

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
  /** Of an agent: what it may wish for; `closed`: it has had its turns, and must answer. */
  readonly tools?: { readonly list: readonly ModelTool[]; readonly closed: boolean };
  /** Of an agent: its turns so far. */
  readonly turns?: readonly ModelTurn[];
  /** What all that is sent may take, in tokens; a longer question is not asked. */
  readonly input_budget_tokens: number;
  readonly max_output_tokens: number;
  /** Tokens of context that the prompt asks of a model. */
  readonly requires_context_tokens?: number;
  /** The digest of everything above. */
  readonly input_digest: Digest;
}

/** Three characters a token: on the safe side for the log lines and English text that are sent. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 3);
}

/** What the wire form adds to each evidence block. */
const BLOCK_OVERHEAD_TOKENS = 16;

export function blockTokens(block: ModelBlock): number {
  return block.type === 'text'
    ? estimateTokens(block.text)
    : estimateTokens(block.id + block.title + block.text) + BLOCK_OVERHEAD_TOKENS;
}

/** All that is sent of a question, in tokens. */
export function estimateRequest({
  system,
  output,
  content,
  turns = [],
  tools,
}: Pick<ModelRequest, 'system' | 'output' | 'content' | 'turns' | 'tools'>): number {
  return (
    estimateTokens(system) +
    estimateTokens(JSON.stringify([turns, tools?.list ?? []])) +
    estimateTokens(JSON.stringify(output)) +
    content.reduce((sum, block) => sum + blockTokens(block), 0)
  );
}
