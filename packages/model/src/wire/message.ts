/** What a local server answers with: a `Message` of the Messages API, in short. */
export interface MessageReply {
  readonly model: string;
  readonly text: string;
  /** Wishes for tools, after the text. */
  readonly tools?: readonly { readonly id: string; readonly name: string; readonly input: unknown }[];
  readonly stop_reason?: string;
  readonly stop_details?: {
    readonly type: string;
    readonly category: string | null;
    readonly explanation: string | null;
  };
  readonly input_tokens?: number;
  readonly output_tokens?: number;
  readonly cache_read_tokens?: number;
  readonly cache_write_tokens?: number;
}

/** `request-id` of the n-th request that a local server answers. */
export const requestId = (n: number): string => `req_local_${n}`;

/** A rough count of tokens: four characters each. */
export function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** The `Message`. No text gives no text block. */
export function messageOf(reply: MessageReply, n: number) {
  return {
    id: `msg_local_${n}`,
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: [
      ...(reply.text === '' ? [] : [{ type: 'text', text: reply.text }]),
      ...(reply.tools ?? []).map((tool) => ({ type: 'tool_use', ...tool, caller: { type: 'direct' } })),
    ],
    stop_reason: reply.stop_reason ?? 'end_turn',
    stop_sequence: null,
    stop_details: reply.stop_details ?? null,
    container: null,
    usage: {
      input_tokens: reply.input_tokens ?? 0,
      output_tokens: reply.output_tokens ?? tokens(reply.text),
      cache_creation_input_tokens: reply.cache_write_tokens ?? 0,
      cache_read_input_tokens: reply.cache_read_tokens ?? 0,
    },
  };
}

/** The pieces in which a stream brings a text: some at least, and none longer than this. */
const PIECE_CHARS_MAX = 64 * 1024;

export function piecesOf(text: string): string[] {
  const size = Math.min(PIECE_CHARS_MAX, Math.max(1, Math.ceil(text.length / 4)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
}

export interface StreamEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** The events by which a stream brings the same message. */
export function eventsOf(reply: MessageReply, n: number): StreamEvent[] {
  const { content, stop_reason, stop_details, usage, ...message } = messageOf(reply, n);
  const open = { ...usage, output_tokens: 1 };
  return [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, stop_details: null, usage: open } },
    { type: 'ping' },
    ...content.flatMap((block, index) => blockEvents(block, index)),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null, stop_details },
      usage: { output_tokens: usage.output_tokens },
    },
    { type: 'message_stop' },
  ];
}

function blockEvents(block: { type: string; [member: string]: unknown }, index: number): StreamEvent[] {
  const isText = block.type === 'text';
  const pieces = piecesOf(isText ? String(block.text) : JSON.stringify(block.input));
  const empty = isText ? { type: 'text', text: '' } : { ...block, input: {} };
  return [
    { type: 'content_block_start', index, content_block: empty },
    ...pieces.map((piece) => ({
      type: 'content_block_delta',
      index,
      delta: isText ? { type: 'text_delta', text: piece } : { type: 'input_json_delta', partial_json: piece },
    })),
    { type: 'content_block_stop', index },
  ];
}
