import { z } from 'zod';
import { ProviderError, type Usage } from '../ports.ts';
import { usageOf } from './from-message.ts';

const BLOCKS_MAX = 10_000;

const index = z.int().min(0).max(BLOCKS_MAX);
const loose = z.record(z.string(), z.unknown());
/** The events of a stream that make up a message. Others, later kinds included, change nothing. */
const eventSchema = z.union([
  z.object({ type: z.literal('message_start'), message: z.looseObject({ usage: loose.nullish() }) }),
  z.object({ type: z.literal('content_block_start'), index, content_block: z.looseObject({ type: z.string() }) }),
  z.object({ type: z.literal('content_block_delta'), index, delta: z.looseObject({ type: z.string() }) }),
  z.object({ type: z.literal('content_block_stop'), index }),
  z.object({ type: z.literal('message_delta'), delta: loose, usage: loose.nullish() }),
  z.object({ type: z.literal('message_stop') }),
  z.object({
    type: z.string().refine((type) => !/^(message_(start|delta|stop)|content_block_(start|delta|stop))$/.test(type)),
  }),
]);

type Block = Record<string, unknown>;

/** Which member of a block the pieces of each kind of delta are joined to. */
const PIECES: Readonly<Record<string, readonly [from: string, to: string]>> = {
  text_delta: ['text', 'text'],
  thinking_delta: ['thinking', 'thinking'],
  signature_delta: ['signature', 'signature'],
  input_json_delta: ['partial_json', 'partial_json'],
};

/** A message as it grows, event by event. */
export class StreamedMessage {
  readonly #text: (piece: string) => void;
  readonly #blocks: Block[] = [];
  #message: Record<string, unknown> | null = null;
  #usage: Record<string, unknown> = {};
  #ended = false;

  constructor(text: (piece: string) => void) {
    this.#text = text;
  }

  /** What the vendor has counted so far. */
  get usage(): Usage {
    return usageOf({ input_tokens: 0, output_tokens: 0, ...this.#usage });
  }

  /** Takes the next event. Throws a `broken_answer` for one that has no place here. */
  take(data: unknown): void {
    const parsed = eventSchema.safeParse(data);
    if (!parsed.success) throw broken('an event of the stream has not the form of one', parsed.error);
    const event = parsed.data;
    if (!('message' in event) && !('index' in event) && !('delta' in event)) {
      if (event.type === 'message_stop') this.#ended = true;
      return;
    }
    if ('message' in event) {
      this.#message = event.message;
      this.#count(event.message.usage);
    } else if ('content_block' in event) {
      if (event.index !== this.#blocks.length) throw broken('a block of the stream is out of its order');
      this.#blocks.push({ ...event.content_block });
      this.#tell(event.content_block.type, event.content_block.text);
    } else if (!('index' in event)) {
      Object.assign(this.#started(), event.delta);
      this.#count(event.usage);
    } else if ('delta' in event) {
      this.#grow(event.index, event.delta);
    }
  }

  /** The whole message, in the form that an answer without a stream has. Throws where the stream broke off. */
  end(): unknown {
    const message = this.#started();
    if (!this.#ended)
      throw new ProviderError('connection', 'the stream ended before the answer did', {
        transient: true,
        usage: this.usage,
      });
    const truncated = message.stop_reason === 'max_tokens';
    return { ...message, content: this.#blocks.flatMap((block) => whole(block, truncated)), usage: this.#usage };
  }

  #grow(at: number, delta: Block): void {
    const block = this.#blocks[at];
    if (block === undefined) throw broken('a piece of the stream belongs to no block');
    const [from, to] = PIECES[String(delta.type)] ?? [];
    const piece = from === undefined ? undefined : delta[from];
    if (to === undefined || typeof piece !== 'string') return;
    block[to] = `${typeof block[to] === 'string' ? block[to] : ''}${piece}`;
    this.#tell(block.type, piece);
  }

  #tell(type: unknown, piece: unknown): void {
    if (type === 'text' && typeof piece === 'string' && piece !== '') this.#text(piece);
  }

  /** Counts are sums so far, and a later event may leave some out. */
  #count(usage: Record<string, unknown> | null | undefined): void {
    for (const [name, value] of Object.entries(usage ?? {})) if (value !== null) this.#usage[name] = value;
  }

  #started(): Record<string, unknown> {
    if (this.#message === null) throw broken('the stream did not begin with a message');
    return this.#message;
  }
}

/** A block with its arguments parsed. Arguments that were cut off at the limit of tokens are no wish. */
function whole({ partial_json, ...block }: Block, truncated: boolean): Block[] {
  if (block.type !== 'tool_use' || typeof partial_json !== 'string' || partial_json === '') return [block];
  try {
    return [{ ...block, input: JSON.parse(partial_json) }];
  } catch (error) {
    if (truncated) return [];
    throw broken('the arguments of a tool are not JSON', error);
  }
}

function broken(what: string, cause?: unknown): ProviderError {
  return new ProviderError('broken_answer', what, { transient: true, cause });
}
