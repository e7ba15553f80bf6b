import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { deliverBatch, type Sink } from '@portreeve/audit';
import { noteDraft, testAuditLog } from '@portreeve/audit/testing';
import { systemClock } from '@portreeve/contract';
import { createEgress, type Egress } from '@portreeve/execute';
import { STATIC_KEY, selfSigned, startS3Server } from '@portreeve/execute/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openS3 } from '../config/open-s3.ts';
import { auditStore } from '../store/audit.ts';
import { streamStore } from '../store/audit-streams.ts';
import { Database } from '../store/database.ts';
import { type TestDatabase, testDatabase } from '../store/testing/database.ts';
import { fileSink } from './file-sink.ts';
import { httpSink } from './http-sink.ts';
import { s3Sink } from './s3-sink.ts';
import { syslogSink } from './syslog-sink.ts';

type Fault = 'none' | 'refuses' | 'cuts before' | 'cuts within' | 'silent';

interface Receiver {
  readonly sink: Sink;
  /** Whole records that it has, in the order in which they came. */
  received(): Promise<number[]>;
  fault: Fault;
  readonly faults: readonly Fault[];
  close(): Promise<void>;
}

const indexOf = (line: string): number => JSON.parse(line).entry.index;

async function httpReceiver(): Promise<Receiver> {
  const seen: number[] = [];
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const { fault } = receiver;
    if (fault === 'cuts before') return void request.socket.destroy();
    let body = '';
    request.on('data', (part) => {
      body += part;
      // Kept as far as it came, and then the line goes dead.
      if (fault === 'cuts within' && body.includes('\n')) {
        seen.push(...body.split('\n').slice(0, -1).map(indexOf));
        request.socket.destroy();
      }
    });
    request.on('end', () => {
      if (fault === 'refuses') return void response.writeHead(503).end();
      seen.push(...body.trimEnd().split('\n').map(indexOf));
      // Taken, and the answer is lost: the same comes again.
      if (fault === 'silent') return void held.add(response);
      response.writeHead(200).end('{}');
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const egress: Egress = createEgress({ allow: [{ host: '127.0.0.1', port, private: true }] });
  const url = new URL(`http://127.0.0.1:${port}/in`);
  const receiver: Receiver = {
    sink: httpSink({ fetch: egress.fetch, url, format: 'jsonl', token: async () => null }),
    received: async () => seen,
    fault: 'none',
    faults: ['refuses', 'cuts before', 'cuts within', 'silent'],
    async close() {
      for (const response of held) response.destroy();
      await egress.close();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return receiver;
}

async function syslogReceiver(): Promise<Receiver> {
  const { key, certificate } = selfSigned();
  const seen: number[] = [];
  const sockets = new Set<Socket>();
  const server = createTlsServer({ key, cert: certificate, allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    const { fault } = receiver;
    let buffer = Buffer.alloc(0);
    socket.on('error', () => undefined);
    if (fault === 'cuts before') return void socket.destroy();
    socket.on('data', (part) => {
      buffer = Buffer.concat([buffer, part]);
      for (;;) {
        const space = buffer.indexOf(' ');
        const length = Number(buffer.subarray(0, space).toString());
        if (space < 0 || buffer.length < space + 1 + length) break;
        const message = buffer.subarray(space + 1, space + 1 + length).toString('utf8');
        buffer = buffer.subarray(space + 1 + length);
        expect(message).toMatch(/^<110>1 \d{4}-\d\d-\d\dT\S+Z test\.example portreeve - \d+ - \{/);
        seen.push(indexOf(message.slice(message.indexOf('{'))));
        if (fault === 'cuts within') return void socket.destroy();
      }
    });
    if (fault !== 'silent') socket.on('end', () => socket.end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const egress = createEgress({ allow: [{ host: '127.0.0.1', port, private: true }] });
  const receiver: Receiver = {
    sink: syslogSink({ egress, host: '127.0.0.1', port, hostname: 'test.example', tls: { ca: certificate } }),
    received: async () => seen,
    fault: 'none',
    faults: ['cuts before', 'cuts within', 'silent'],
    async close() {
      for (const socket of sockets) socket.destroy();
      await egress.close();
      await new Promise((done) => server.close(done));
    },
  };
  return receiver;
}

async function fileReceiver(): Promise<Receiver> {
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-stream-'));
  const path = join(folder, 'audit.jsonl');
  const whole = fileSink(path);
  const receiver: Receiver = {
    sink: {
      async send(batch, signal) {
        if (receiver.fault === 'none') return whole.send(batch, signal);
        // The process dies in the middle of a line.
        const text = batch.lines.map((line) => `${line.text}\n`).join('');
        await writeFile(path, text.slice(0, Math.floor(text.length / 2)), { flag: 'a' });
        throw new Error('cut');
      },
    },
    received: async () => (await readFile(path, 'utf8')).trimEnd().split('\n').map(indexOf),
    fault: 'none',
    faults: ['cuts within'],
    close: () => rm(folder, { recursive: true }),
  };
  return receiver;
}

async function bucketReceiver(): Promise<Receiver> {
  const region = 'eu-central-1';
  const server = await startS3Server({ clock: systemClock, region, ...STATIC_KEY });
  const folder = await mkdtemp(join(tmpdir(), 'portreeve-stream-'));
  const secret_access_key_file = join(folder, 'key');
  await writeFile(secret_access_key_file, STATIC_KEY.secretAccessKey);
  const auth = { method: 'keys', access_key_id: STATIC_KEY.accessKeyId, secret_access_key_file } as const;
  const place = { region, bucket: 'siem', prefix: 'a/', auth, endpoint: server.endpoint, private: true };
  const { objects, close } = openS3('siem', { ...place, sts_endpoint: undefined }, { folder, clock: systemClock });
  const whole = s3Sink({ objects, format: 'jsonl' });
  const receiver: Receiver = {
    sink: {
      async send(batch, signal) {
        server.state.broken = receiver.fault === 'refuses';
        server.state.cuts = receiver.fault === 'cuts before';
        server.state.silent = receiver.fault === 'silent';
        return whole.send(batch, signal);
      },
    },
    async received() {
      const names = [...server.objects.keys()].sort();
      expect(names[0]).toMatch(/^\/siem\/a\/\d{4}\/\d\d\/\d\d\/000000000000000\.jsonl$/);
      expect(server.objects.get(names[0]!)!.headers.type).toBe('application/x-ndjson');
      const indexes = names.flatMap((name) =>
        server.objects.get(name)!.bytes.toString().trimEnd().split('\n').map(indexOf),
      );
      // Of objects not even the same record twice: a try that failed is overwritten. In the order of their names.
      expect(indexes).toEqual(indexes.map((_, i) => i));
      return indexes;
    },
    fault: 'none',
    faults: ['refuses', 'cuts before', 'silent'],
    async close() {
      await close();
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
  return receiver;
}

describe('G8: streaming to a SIEM', () => {
  let made: TestDatabase;
  beforeAll(async () => {
    made = await testDatabase();
  });
  afterAll(() => made.close());

  test.each([
    ['file', fileReceiver],
    ['HTTP', httpReceiver],
    ['syslog over TLS', syslogReceiver],
    ['a bucket', bucketReceiver],
  ])('%s: no gap after any failure, and no duplicate after the index', async (name, make) => {
    const origin = `test.example/${name.replaceAll(' ', '-').toLowerCase()}`;
    const store = auditStore(made.database);
    const { log, uow } = testAuditLog({ store, uow: made.database, origin });
    const count = 1000;
    await uow.transaction((tx) =>
      log.append(
        tx,
        Array.from({ length: count }, (_, i) => noteDraft(`note ${i} \u{1f6a2}`)),
      ),
    );
    await log.settle();
    await log.close();
    const receiver = await make();
    const deliver = () => {
      // A sender that was killed leaves its cursor: each delivery here is by one that begins anew.
      const cursors = streamStore(made.database, systemClock);
      const signal = AbortSignal.timeout(receiver.fault === 'silent' ? 300 : 20_000);
      return deliverBatch({
        ...{ read: log.read, cursors, log: origin, name, format: 'jsonl' as const, signal },
        sink: receiver.sink,
      });
    };
    try {
      for (const fault of receiver.faults) {
        receiver.fault = fault;
        await expect(deliver(), fault).rejects.toThrow();
        receiver.fault = 'none';
        await deliver();
      }
      while (((await deliver()) ?? 0) > 0);
      const received = await receiver.received();
      expect([...new Set(received)].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(await deliver()).toBe(0);
      expect(await receiver.received()).toHaveLength(received.length);
    } finally {
      await receiver.close();
    }
  });

  test('two processes never deliver at once: the second looks away', async () => {
    const store = auditStore(made.database);
    const { log, uow } = testAuditLog({ store, uow: made.database, origin: 'test.example/two' });
    await uow.transaction((tx) => log.append(tx, [noteDraft('one')]));
    await log.settle();
    const cursors = streamStore(made.database, systemClock);
    const parts = { read: log.read, cursors, log: 'test.example/two', name: 'two', format: 'jsonl' as const };
    const signal = AbortSignal.timeout(20_000);
    const other = new Database(made.url, { max: 2 });
    const theirs = { ...parts, cursors: streamStore(other, systemClock) };
    let second: number | null = 0;
    const idle: Sink = { send: () => Promise.reject(new Error('must not be asked')) };
    const sink: Sink = {
      async send() {
        second = await deliverBatch({ ...theirs, sink: idle, signal });
      },
    };
    expect(await deliverBatch({ ...parts, sink, signal })).toBe(1);
    expect(second).toBeNull();
    await other.close();
    await log.close();
  });
});
