// What stands between without governing: fastify takes a call, passes it on over a kept connection, gives the answer back.
import { Agent, request } from 'node:http';
import { fastify } from 'fastify';
import { serveParent } from '../lib/children.ts';

const { downstream } = JSON.parse(process.argv[2] ?? '') as { downstream: string };
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const app = fastify();
const schema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['order'],
    properties: { order: { type: 'string', maxLength: 64 } },
  },
} as const;

app.post('/call', { schema }, (incoming, reply) => {
  const body = JSON.stringify(incoming.body);
  return new Promise((done, failed) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(`${downstream}/noop`, { method: 'POST', agent, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        reply.header('content-type', 'application/json');
        done(Buffer.concat(parts).toString('utf8'));
      });
      answer.on('error', failed);
    });
    outgoing.on('error', failed);
    outgoing.end(body);
  });
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
serveParent(url, () => app.close());
