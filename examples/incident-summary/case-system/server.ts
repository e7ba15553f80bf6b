/**
 * A small case-management system: the downstream of the example, a process of its own. It trusts Portreeve's grants and
 * nothing else that comes from there.
 *
 *   node server.ts --port 0 --data DIR --issuer ISS --jwks URL --read-token-file FILE [--origin URL] [--cases DIR]
 *     [--allow-faults]
 *
 * Prints one line of JSON when it listens, and ends on SIGTERM, on SIGINT, or when its standard input closes, so that it
 * cannot outlive the process that started it.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGrantVerifier } from '@portreeve/verify';
import { createApp } from './app.ts';
import { openJournal } from './journal.ts';
import { createPublications } from './publications.ts';

function options() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      data: { type: 'string' },
      cases: { type: 'string', default: fileURLToPath(new URL('../cases', import.meta.url)) },
      issuer: { type: 'string' },
      jwks: { type: 'string' },
      audience: { type: 'string', default: 'urn:portreeve:example:case-system' },
      origin: { type: 'string' },
      'read-token-file': { type: 'string' },
      'allow-faults': { type: 'boolean', default: false },
    },
  });
  const { data, issuer, jwks, 'read-token-file': readTokenFile } = values;
  if (!data || !issuer || !jwks || !readTokenFile) {
    throw new TypeError('--data, --issuer, --jwks and --read-token-file are needed');
  }
  if (!/^\d{1,5}$/.test(values.port)) throw new TypeError('--port is a number');
  return { ...values, data, issuer, jwks: new URL(jwks), readTokenFile, port: Number(values.port) };
}

async function start(given: ReturnType<typeof options>): Promise<void> {
  const readToken = (await readFile(given.readTokenFile, 'utf8')).trim();
  if (readToken.length < 16) throw new TypeError('the read token has fewer than 16 characters');
  const { journal, entries } = await openJournal(given.data);
  const publications = createPublications(journal, entries);
  const server: Server = createServer(
    { requestTimeout: 15_000, headersTimeout: 10_000 },
    createApp({
      cases: given.cases,
      readToken,
      verifier: createGrantVerifier({
        jwks: given.jwks,
        issuer: given.issuer,
        audience: given.audience,
        // Where Portreeve calls it, which is known once it listens.
        origin: () => given.origin ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        replay: publications.replay,
      }),
      publications,
      allowFaults: given['allow-faults'],
    }),
  );

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    server.close();
    server.closeAllConnections();
    journal.close().finally(() => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.stdin.on('end', stop).on('error', stop).resume();

  server.listen(given.port, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${port}` })}\n`);
  });
  server.on('error', (error) => fail(error, 1));
}

function fail(error: unknown, code: 1 | 2): never {
  process.stderr.write(`case-system: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(code);
}

let given: ReturnType<typeof options>;
try {
  given = options();
} catch (error) {
  fail(error, 2);
}
start(given).catch((error: unknown) => fail(error, 1));
