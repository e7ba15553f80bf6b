import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteDraft, testAuditLog, testAuditLogs } from '@portreeve/audit/testing';
import { fixedClock, isPortreeveError, type ProjectConfig } from '@portreeve/contract';
import { createEgress } from '@portreeve/execute';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditStore } from '../store/audit.ts';
import { streamStore } from '../store/audit-streams.ts';
import { type TestDatabase, testDatabase } from '../store/testing/database.ts';
import { createStreams } from './streams.ts';

const LOG = 'test.example/streams';

describe('G8: the configured streams', () => {
  let made: TestDatabase;
  let folder: string;
  const egress = createEgress({ allow: [{ host: '127.0.0.1', port: 9, private: true }] });
  beforeAll(async () => {
    made = await testDatabase();
    folder = await mkdtemp(join(tmpdir(), 'portreeve-streams-'));
  });
  afterAll(async () => {
    await egress.close();
    await made.close();
    await rm(folder, { recursive: true });
  });

  const keys = testAuditLog().keys;
  const logsOf = () => testAuditLogs({ store: auditStore(made.database), uow: made.database, origin: LOG, keys });
  const logOf = () => {
    const { logs, uow } = logsOf();
    return { log: logs.main, uow };
  };
  const open = (streams: ProjectConfig['audit']['streams'], clock = fixedClock('2026-11-20T08:00:00Z')) =>
    createStreams({
      ...{ streams, clock, egress, audit: logsOf().logs, projectFolder: folder },
      cursors: streamStore(made.database, clock),
      systems: {
        nobody: { url: 'http://127.0.0.1:9', private: true },
        host: { url: 'syslogs://127.0.0.1', private: true },
      },
      secrets: { read: async () => null },
    });

  test('one that fails holds no other back, says why, and is tried again when it is time', async () => {
    const { log, uow } = logOf();
    await uow.transaction((tx) =>
      log.append(
        tx,
        Array.from({ length: 450 }, (_, i) => noteDraft(`${i}`)),
      ),
    );
    await log.settle();
    const clock = fixedClock('2026-11-20T08:00:00Z');
    const path = join(folder, 'audit.jsonl');
    const streams = open(
      [
        { name: 'file', format: 'ocsf', to: { kind: 'file', path } },
        { name: 'http', format: 'jsonl', to: { kind: 'http', system: 'nobody', path: '/in' } },
      ],
      clock,
    );
    await streams.deliver();
    expect(await streams.states()).toMatchObject([
      {
        name: 'file',
        to: 'file',
        next: 450,
        lag: 0,
        waiting_since: null,
        problem: null,
        delivered_at: '2026-11-20T08:00:00.000Z',
      },
      {
        name: 'http',
        to: 'http',
        next: 0,
        lag: 450,
        waiting_since: expect.stringMatching(/^20/),
        problem: expect.stringMatching(/./),
        delivered_at: null,
      },
    ]);
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).metadata.sequence)).toEqual(Array.from({ length: 450 }, (_, i) => i));
    const failedAt = async () => (await streamStore(made.database, clock).states())[1]!.failed_at?.toISOString();
    clock.advance(999);
    await streams.deliver();
    expect(await failedAt()).toBe('2026-11-20T08:00:00.000Z');
    clock.advance(1);
    await streams.deliver();
    expect(await failedAt()).toBe('2026-11-20T08:00:01.000Z');
    await streams.close();
    await log.close();
  });

  test.each([
    ['a system that is not declared', { kind: 'http', system: 'unknown', path: '/' }],
    ['a system of another kind', { kind: 'http', system: 'host', path: '/' }],
    ['syslog to an address of HTTP', { kind: 'syslog', system: 'nobody' }],
  ] as const)('%s is found at the start', (_what, to) => {
    expect(() => open([{ name: 'x', format: 'jsonl', to }])).toThrow(
      expect.toSatisfy((error: unknown) => isPortreeveError(error, 'misconfigured')),
    );
  });
});
