// A model that answers at once, or after `delay_ms`: a Messages API in a process of its own.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { serveParent } from '../lib/children.ts';

const { delay_ms } = JSON.parse(process.argv[2] ?? '') as { delay_ms: number };

const TEXT = JSON.stringify({ summary: 'The audit log was cleared on one host by an account of the backup.' });
const base = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-bench-1' };
const usage = { input_tokens: 1200, output_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
const whole = JSON.stringify({
  ...{ ...base, content: [{ type: 'text', text: TEXT }], stop_reason: 'end_turn', stop_sequence: null },
  ...{ stop_details: null, usage },
});
const sse = (event: { type: string; [member: string]: unknown }) =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
const pieces = TEXT.match(/.{1,8}/g) ?? [];
const first =
  sse({ type: 'message_start', message: { ...base, content: [], stop_reason: null, usage } }) +
  sse({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
const rest =
  pieces.map((text) => sse({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })).join('') +
  sse({ type: 'content_block_stop', index: 0 }) +
  sse({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } }) +
  sse({ type: 'message_stop' });

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const stream = Buffer.concat(chunks).includes('"stream":true');
  if (delay_ms > 0) await after(delay_ms);
  response.writeHead(200, {
    'content-type': stream ? 'text/event-stream' : 'application/json',
    'request-id': 'req_bench',
  });
  response.end(stream ? first + rest : whole);
});
server.listen(0, '127.0.0.1', () => {
  serveParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
    server.closeAllConnections();
  });
});
