import { createHash } from 'node:crypto';
import { withClient } from '@portreeve/server/testing';
import { type ExportResult, verifyExport } from '@portreeve/verify';
import type { Client } from 'pg';
import { exportOf } from '../support/people.ts';
import { until } from '../support/processes.ts';
import type { DeskLine } from './desk.ts';
import type { House } from './house.ts';
import type { Asked } from './load.ts';

/** One record of the log, opened. */
export interface Told {
  readonly index: number;
  readonly type: string;
  readonly outcome: string;
  readonly refs: Readonly<Record<string, string | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: the data of every type of record; a check says what it expects
  readonly data: any;
}

/** Where a run stands, by the database. */
export interface RunNow {
  readonly id: string;
  readonly state: string;
  readonly approval: string | null;
}

/** A head of the log that was seen before. */
export interface Head {
  readonly size: number;
  /** SHA-256 over the entries up to it. */
  readonly digest: string;
}

/** All that can be known from outside of what a house has done: its log, the journal of the system downstream, and who asked. */
export interface Evidence {
  readonly records: readonly Told[];
  readonly journal: readonly DeskLine[];
  readonly asked: Asked;
  readonly runs: readonly RunNow[];
  readonly log: ExportResult;
  readonly head: Head;
  /** Of the same log, earlier, and the digest that these many entries have now. */
  readonly earlier: readonly (Head & { readonly now: string })[];
}

const PLACED_MS_MAX = 30_000;

/** Gathers it, and verifies the export of the whole log offline. */
export async function gatherEvidence(house: House, asked: Asked, earlier: readonly Head[]): Promise<Evidence> {
  // In this order: what comes later may know more, and never less.
  const known = { runByCase: new Map(asked.runByCase), verdicts: new Map(asked.verdicts), left: new Set(asked.left) };
  const journal = await house.journal();
  const runs = await withClient(house.databaseUrl, async (client) => {
    await allPlaced(client);
    const { rows } = await client.query<RunNow>('SELECT id, state, approval FROM runs');
    return rows;
  });
  const files = await exportOf(house.people.auditor);
  const lines = (files.get('entries.jsonl') ?? '').split('\n').filter((line) => line !== '');
  const read = lines.map((line) => JSON.parse(line) as { entry: string; payload: { data: unknown } | null });
  const entries = read.map(({ entry }) => entry);
  const log = await verifyExport({
    entries: files.get('entries.jsonl') ?? '',
    checkpoint: files.get('checkpoint') ?? '',
    vkey: files.get('log.vkey') ?? '',
    approvals: true,
  });
  const records = read.map(({ entry, payload }): Told => {
    const { index, type, outcome, refs } = JSON.parse(entry) as Told;
    return { index, type, outcome, refs, data: payload?.data ?? null };
  });
  return {
    ...{ records, journal, runs, log },
    asked: known,
    head: { size: entries.length, digest: digestOf(entries) },
    earlier: earlier.map((head) => ({ ...head, now: digestOf(entries.slice(0, head.size)) })),
  };
}

/** Waits until what is staged by now has its place: a reader sees the log without it where that takes long. */
async function allPlaced(client: Client): Promise<void> {
  const { rows } = await client.query<{ newest: string | null }>('SELECT max(id) AS newest FROM audit_pending');
  const { newest } = rows[0]!;
  const staged = () => client.query('SELECT 1 FROM audit_pending WHERE id <= $1 LIMIT 1', [newest]);
  if (newest !== null) await until('the log to go on', PLACED_MS_MAX, async () => (await staged()).rowCount === 0);
}

const digestOf = (entries: readonly string[]): string =>
  createHash('sha256').update(entries.join('\n')).digest('base64url');
