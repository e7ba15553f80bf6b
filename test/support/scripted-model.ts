import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call of a tool that the model makes next. */
export interface ScriptedCall {
  readonly name: string;
  readonly input: object;
}

export interface ScriptedModel {
  readonly url: string;
  /** The bodies of all requests, as text. */
  readonly asked: readonly string[];
  /** What it does in its next turns; after that it says "done". */
  script(calls: readonly ScriptedCall[]): void;
  close(): Promise<void>;
}

/**
 * A model server without a model: it makes the calls of a script, one a turn, by the Messages API (streamed) and by Chat
 * Completions. What is tested is what stands between it and the tools.
 */
export async function scriptedModel(): Promise<ScriptedModel> {
  const asked: string[] = [];
  let left: ScriptedCall[] = [];
  let turns = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const path = (request.url ?? '').split('?')[0] ?? '';
      if (!/\/(messages|chat\/completions)$/.test(path)) return void response.writeHead(404).end('{}');
      asked.push(text);
      const { tools = [] } = JSON.parse(text) as { tools?: unknown[] };
      const call = tools.length > 0 ? left.shift() : undefined;
      const id = `call_${++turns}`;
      if (path.endsWith('/messages')) anthropic(response, id, call);
      else openai(response, id, call);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    script(calls) {
      left = [...calls];
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function openai(response: ServerResponse, id: string, call: ScriptedCall | undefined): void {
  const tool_calls = call && [
    { id, type: 'function', function: { name: call.name, arguments: JSON.stringify(call.input) } },
  ];
  const message = { role: 'assistant', content: call ? null : 'done', ...(tool_calls ? { tool_calls } : {}) };
  const choices = [{ index: 0, message, finish_reason: call ? 'tool_calls' : 'stop' }];
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(
      JSON.stringify({ id: `chat_${id}`, object: 'chat.completion', created: 1, model: 'scripted', choices, usage }),
    );
}

function anthropic(response: ServerResponse, id: string, call: ScriptedCall | undefined): void {
  const usage = { input_tokens: 1, output_tokens: 1 };
  const head = { type: 'message', role: 'assistant', model: 'scripted', content: [], stop_reason: null, usage };
  const block = call ? { type: 'tool_use', id, name: call.name, input: {} } : { type: 'text', text: '' };
  const delta = call
    ? { type: 'input_json_delta', partial_json: JSON.stringify(call.input) }
    : { type: 'text_delta', text: 'done' };
  const events = [
    { type: 'message_start', message: { id: `msg_${id}`, ...head } },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: call ? 'tool_use' : 'end_turn' }, usage: { output_tokens: 1 } },
    { type: 'message_stop' },
  ];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));
}
