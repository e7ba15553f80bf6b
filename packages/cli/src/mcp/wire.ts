import { problemSchema } from '@portreeve/contract';
import { splitLines } from '../client.ts';
import { ProblemError } from '../failure.ts';
import type { Message } from './message.ts';

/** Bytes of one message of a client: as many as the gateway takes. */
const LINE_MAX = 4 * 1024 * 1024;

/** The messages of an answer: of one JSON document, or of an event stream. A problem of HTTP throws. */
export async function* messagesOf(response: Response): AsyncIterable<Message> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    for await (const line of splitLines(response)) {
      const data = line.startsWith('data:') ? line.slice('data:'.length).trim() : '';
      if (data !== '') yield JSON.parse(data) as Message;
    }
    return;
  }
  const text = await response.text();
  const body: unknown = text === '' ? null : JSON.parse(text);
  const isMessage = typeof body === 'object' && body !== null && ('jsonrpc' in body || Array.isArray(body));
  if (isMessage) yield body as Message;
  else if (!response.ok) throw asProblem(body, response.status);
}

function asProblem(body: unknown, status: number): Error {
  const parsed = problemSchema.safeParse(body);
  return parsed.success ? new ProblemError(parsed.data) : new Error(`the gateway answered ${status}`);
}

export function problemOf(error: unknown) {
  if (error instanceof ProblemError) return error.problem;
  const detail = `No answer came: ${error instanceof Error ? error.message : String(error)}.`;
  return {
    status: 503,
    code: 'unavailable',
    detail,
    next: 'It is not known what was done; look before you repeat it.',
  };
}

/** Null for what is no JSON-RPC. */
export function parsed(line: string): Message | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Message) : null;
  } catch {
    return null;
  }
}

/** Throws `RangeError` for a line that is too long. */
export async function* linesOf(input: AsyncIterable<Buffer | string>): AsyncIterable<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of input) {
    rest = Buffer.concat([rest, Buffer.from(chunk as Buffer)]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString('utf8').trim();
      rest = rest.subarray(end + 1);
      if (line !== '') yield line;
    }
    if (rest.length > LINE_MAX) throw new RangeError(`a message of more than ${LINE_MAX} bytes`);
  }
  const last = rest.toString('utf8').trim();
  if (last !== '') yield last;
}
