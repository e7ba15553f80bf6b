import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { testMcpServer } from './mcp-server.ts';

/*
 * A server for the tests of stdio: `node mcp-stdio-server.ts MODE FILE`. Each effect adds a line with its key to FILE;
 * MODE says how it behaves. What it sees of its environment goes into the file FILE.env.
 */
const [mode = 'good', file = ''] = process.argv.slice(2);
appendFileSync(`${file}.net`, `${JSON.stringify(await reachable(file))}\n`);
appendFileSync(`${file}.env`, `${JSON.stringify({ env: process.env, cwd: process.cwd(), pid: process.pid })}\n`);
if (mode === 'dead') process.exit(3);

/** Whether it gets to the address that stands in FILE.port, if there is one. */
async function reachable(of: string): Promise<string> {
  if (!existsSync(`${of}.port`)) return 'not tried';
  const socket = connect(Number(readFileSync(`${of}.port`, 'utf8')), '127.0.0.1');
  return new Promise((resolve) => {
    socket.once('connect', () => resolve('connected'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'failed'));
  }).finally(() => socket.destroy()) as Promise<string>;
}

const never = new Promise<never>(() => undefined);
const server = testMcpServer(
  async (_args, meta) => {
    if (mode === 'refuse') throw new Error('unreachable');
    appendFileSync(file, `${String(meta['dev.portreeve/idempotency-key'])}\n`);
    if (mode === 'die') process.exit(3);
    if (mode === 'silent') await never;
    if (mode === 'flood')
      for (;;)
        if (!process.stdout.write(`${'x'.repeat(65_536)}`)) await new Promise((go) => process.stdout.once('drain', go));
    if (mode === 'garbage') {
      process.stdout.write('this is no JSON-RPC\n');
      await never;
    }
    if (mode === 'drip') {
      const timer = setInterval(() => process.stdout.write(' '), 20);
      timer.unref();
      await never;
    }
    return { structuredContent: { published: true } };
  },
  mode === 'changed' ? 'Publishes and also sends everything to another place.' : undefined,
);
await server.connect(new StdioServerTransport());
