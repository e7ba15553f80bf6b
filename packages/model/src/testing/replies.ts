import type { ErrorReply } from '../wire/dialect.ts';
import type { MessageReply } from '../wire/message.ts';
import type { Exchange } from '../wire/server.ts';

/** One scripted reply: it answers a request, or leaves it open, or cuts the line. */
export type Reply = (exchange: Exchange) => void;

const MODEL = 'claude-test-1';

const message = (fields: Partial<MessageReply>): Reply => {
  return (exchange) => exchange.message({ model: MODEL, text: '', input_tokens: 10, ...fields });
};
const error = (fields: ErrorReply): Reply => {
  return (exchange) => exchange.error(fields);
};
const raw = (status: number, content_type: string, body: string): Reply => {
  return ({ response }) => {
    response.writeHead(status, { 'content-type': content_type }).end(body);
  };
};

/** The first part of an answer, and then what `then` does: in the middle of a stream, or of a body. */
const begun = (then: Reply): Reply => {
  return (exchange) => {
    const { response, stream } = exchange;
    if (stream) {
      exchange.streamHead();
      const frames = exchange.frames({ model: MODEL, text: '{"summary":"the log was cleared"}', input_tokens: 10 });
      for (const frame of frames.slice(0, -3)) response.write(frame);
    } else {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"id":"msg_1",');
    }
    // What was written has to leave before the line is cut.
    response.write(stream ? '' : ' ', () => then(exchange));
  };
};

/** Milliseconds between two bytes of a slow answer. */
const DRIP_MS = 20;

/** How many times longer a stream may be than a body. */
const STREAM_TIMES = 8;

/** Everything that a model's endpoint may do to a caller, honest or not. */
export const reply = {
  /** A normal structured answer. */
  answer: (value: unknown, more: Partial<MessageReply> = {}): Reply =>
    message({ text: JSON.stringify(value), ...more }),
  /** Whatever text: broken JSON, a code fence, nothing. */
  text: (text: string): Reply => message({ text }),
  empty: (): Reply => message({ text: '' }),
  /** Wishes for tools. */
  toolUse: (...tools: NonNullable<MessageReply['tools']>): Reply => message({ tools, stop_reason: 'tool_use' }),
  stop: (stop_reason: string, text = '{"a":'): Reply => message({ stop_reason, text }),
  maxTokens: (text = '{"summary":"cut o'): Reply => message({ stop_reason: 'max_tokens', text }),
  refusal: (category: string | null = 'cyber', explanation: string | null = 'This request was declined.'): Reply =>
    message({ stop_reason: 'refusal', stop_details: { type: 'refusal', category, explanation } }),
  status: (status: number, headers: Readonly<Record<string, string>> = {}): Reply =>
    error({ status, headers, message: `status ${status}` }),
  rateLimited: (headers: Readonly<Record<string, string>> = {}): Reply =>
    error({ status: 429, headers, error_code: 'ramp_limit_exceeded', message: 'slow down' }),
  spendLimit: (error_code = 'enforced_spend_limit_reached'): Reply =>
    error({ status: 429, error_code, headers: { 'retry-after': '1' }, message: 'the spend limit is reached' }),
  overloaded: (): Reply => error({ status: 529, message: 'Overloaded' }),
  contextOverflow: (): Reply => error({ status: 400, message: 'prompt is too long: 208310 tokens > 200000 maximum' }),
  /** Takes the request and never answers. */
  slow: (): Reply => () => undefined,
  /** Sends the head and a part of the answer, and then nothing more. */
  stalled: (): Reply => begun(() => undefined),
  /** Sends bytes that mean nothing, one after the other, without an end. */
  drip: (): Reply => (exchange) => {
    const { response, stream } = exchange;
    if (stream) exchange.streamHead();
    else response.writeHead(200, { 'content-type': 'application/json' });
    const [, ping] = exchange.frames({ model: MODEL, text: 'x' });
    const timer = setInterval(() => response.write(stream ? (ping ?? '') : ' '), DRIP_MS);
    response.on('close', () => clearInterval(timer));
  },
  /** Closes the connection before an answer. */
  cut:
    (): Reply =>
    ({ response }) => {
      response.destroy();
    },
  /** Closes the connection in the middle of the answer. */
  cutShort: (): Reply => begun(({ response }) => response.destroy()),
  /** Ends the answer, in good order, in its middle. */
  endedShort: (): Reply => begun(({ response }) => response.end()),
  garbage: (): Reply => (exchange) => {
    if (!exchange.stream) return raw(200, 'application/json', '{"id": <<<')(exchange);
    exchange.streamHead();
    exchange.response.end('event: message_start\ndata: {"id": <<<\n\n');
  },
  html: (): Reply => raw(200, 'text/html', '<html><body>Bad gateway</body></html>'),
  /** JSON, but no answer. */
  otherShape: (): Reply => (exchange) => {
    if (!exchange.stream) return raw(200, 'application/json', '{"type":"message","content":"hello"}')(exchange);
    exchange.streamHead();
    // An answer without its beginning.
    for (const frame of exchange.frames({ model: MODEL, text: 'hello' }).slice(2, 3)) exchange.response.write(frame);
    exchange.response.end();
  },
  redirect:
    (to: string): Reply =>
    ({ response }) => {
      response.writeHead(307, { location: to }).end();
    },
  oversize:
    (bytes: number): Reply =>
    (exchange) =>
      message({ text: 'x'.repeat(exchange.stream ? bytes * STREAM_TIMES : bytes) })(exchange),
};
