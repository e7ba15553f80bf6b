// What a run talks to, in a process of its own: a source, a model and a tool, which answer at once.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent } from '../lib/children.ts';

const text = JSON.stringify({ summary: 'Two crates of apples for the canteen, to be there on Tuesday.' });
const usage = { input_tokens: 120, output_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };
const message = JSON.stringify({
  ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-bench-1' },
  ...{ content: [{ type: 'text', text }], stop_reason: 'end_turn', stop_sequence: null, stop_details: null, usage },
});

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    const path = request.url ?? '';
    response.writeHead(200, { 'content-type': 'application/json', 'request-id': 'req_bench' });
    if (path.startsWith('/orders/'))
      response.end(JSON.stringify([{ order: path.slice('/orders/'.length), text: 'Two crates of apples.' }]));
    else if (path.startsWith('/v1/messages')) response.end(message);
    else response.end('{"done":true}');
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  serveParent(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
    server.closeAllConnections();
  });
});
