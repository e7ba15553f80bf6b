import { z } from 'zod';
import { ProviderError, type Usage } from '../ports.ts';
import { usageOf } from './from-chat.ts';

const CALLS_MAX = 1000;

const pieceSchema = z.object({
  index: z.int().min(0).max(CALLS_MAX),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});

const chunkSchema = z.object({
  model: z.string().nullish(),
  choices: z.array(
    z.object({
      finish_reason: z.string().nullish(),
      delta: z
        .object({
          content: z.string().nullish(),
          refusal: z.string().nullish(),
          tool_calls: z.array(pieceSchema).nullish(),
        })
        .nullish(),
    }),
  ),
  usage: z.record(z.string(), z.unknown()).nullish(),
});

interface Call {
  id: string;
  readonly type: 'function';
  readonly function: { name: string; arguments: string };
}

/** A chat completion as it grows, chunk by chunk. */
export class StreamedChat {
  readonly #text: (piece: string) => void;
  readonly #calls: Call[] = [];
  #model = '';
  #content = '';
  #refusal = '';
  #finish: string | null = null;
  #usage: unknown = null;

  constructor(text: (piece: string) => void) {
    this.#text = text;
  }

  /** What the vendor has counted so far. */
  get usage(): Usage {
    return usageOf(this.#usage);
  }

  /** Takes the next chunk. Throws a `broken_answer` for one that has no place here. */
  take(data: unknown): void {
    const parsed = chunkSchema.safeParse(data);
    if (!parsed.success) throw broken('a chunk of the stream has not the form of one', parsed.error);
    const { model, choices, usage } = parsed.data;
    if (model) this.#model = model;
    if (usage) this.#usage = usage;
    const choice = choices[0];
    if (choice === undefined) return;
    if (choice.finish_reason) this.#finish = choice.finish_reason;
    const { content, refusal, tool_calls } = choice.delta ?? {};
    if (content) {
      this.#content += content;
      this.#text(content);
    }
    this.#refusal += refusal ?? '';
    for (const piece of tool_calls ?? []) this.#call(piece);
  }

  /** The whole completion, in the form that an answer without a stream has. Throws where the stream broke off. */
  end(): unknown {
    if (this.#finish === null)
      throw new ProviderError('connection', 'the stream ended before the answer did', {
        transient: true,
        usage: this.usage,
      });
    const message = { content: this.#content, refusal: this.#refusal || null, tool_calls: this.#calls };
    return { model: this.#model, choices: [{ finish_reason: this.#finish, message }], usage: this.#usage };
  }

  #call({ index, id, function: part }: z.infer<typeof pieceSchema>): void {
    if (index > this.#calls.length) throw broken('a tool call of the stream is out of its order');
    if (index === this.#calls.length)
      this.#calls.push({ id: '', type: 'function', function: { name: '', arguments: '' } });
    const call = this.#calls[index]!;
    if (id) call.id = id;
    call.function.name += part?.name ?? '';
    call.function.arguments += part?.arguments ?? '';
  }
}

function broken(what: string, cause?: unknown): ProviderError {
  return new ProviderError('broken_answer', what, { transient: true, cause });
}
