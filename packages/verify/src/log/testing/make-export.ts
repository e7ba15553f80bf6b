import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { canonicalJson, digestOf } from '@portreeve/contract';

const ORIGIN = 'test.example/audit/main';
const hash = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const leafOf = (entry: string) => hash(Buffer.of(0), Buffer.from(entry));

/** RFC 6962 section 2.1, on hashes of leaves. */
export function rootOf(leaves: readonly Uint8Array[]): Buffer {
  if (leaves.length === 0) return hash();
  if (leaves.length === 1) return Buffer.from(leaves[0]!);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hash(Buffer.of(1), rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}

export function pathOf(m: number, leaves: readonly Uint8Array[]): Buffer[] {
  if (leaves.length === 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m < k
    ? [...pathOf(m, leaves.slice(0, k)), rootOf(leaves.slice(k))]
    : [...pathOf(m - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}

export interface NoteKey {
  readonly vkey: string;
  note(text: string): string;
}

export function noteKey(name = ORIGIN, privateKey: KeyObject = generateKeyPairSync('ed25519').privateKey): NoteKey {
  const x = Buffer.from(privateKey.export({ format: 'jwk' }).x!, 'base64url');
  const typed = Buffer.concat([Buffer.of(1), x]);
  const id = hash(Buffer.from(`${name}\n`), typed).subarray(0, 4);
  return {
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
    note: (text) =>
      `${text}\n\u2014 ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`,
  };
}

export interface TestRecord {
  readonly type?: string;
  readonly data: Record<string, unknown>;
  readonly refs?: Record<string, string>;
  readonly time?: string;
  readonly keys?: readonly string[];
  readonly outcome?: string;
}

export interface TestExport {
  readonly entries: string[];
  readonly leaves: Buffer[];
  /** `entries.jsonl` of a whole export, line by line. */
  readonly lines: string[];
  /** The same lines with proofs, as in a selection. */
  readonly proved: string[];
  readonly checkpoint: string;
  readonly vkey: string;
  readonly key: NoteKey;
}

/** An export made by other code than `audit`, from the standards alone. */
export function makeExport(records: readonly TestRecord[], key: NoteKey = noteKey()): TestExport {
  const payloads = records.map(({ data }) => ({ nonce: randomBytes(16).toString('base64url'), data }));
  const entries = records.map((record, index) =>
    canonicalJson({
      v: 1,
      id: `rec_${index}`,
      log: ORIGIN,
      index,
      time: record.time ?? `2026-11-20T08:00:${String(index % 60).padStart(2, '0')}.000Z`,
      type: record.type ?? 'handoff.closed',
      actor: { id: 'system', kind: 'system', name: 'portreeve', act: [] },
      refs: record.refs ?? {},
      keys: record.keys ?? ['key_house'],
      outcome: record.outcome ?? '',
      payload_digest: digestOf(payloads[index]),
    }),
  );
  const leaves = entries.map(leafOf);
  const checkpoint = key.note(`${ORIGIN}\n${entries.length}\n${rootOf(leaves).toString('base64')}\n`);
  const proof = (index: number) =>
    [
      'c2sp.org/tlog-proof@v1',
      `index ${index}`,
      ...pathOf(index, leaves).map((h) => h.toString('base64')),
      '',
      checkpoint,
    ].join('\n');
  const line = (index: number, more: object) =>
    JSON.stringify({ entry: entries[index], payload: payloads[index], ...more });
  return {
    entries,
    leaves,
    lines: entries.map((_, i) => line(i, { leaf: leaves[i]!.toString('base64') })),
    proved: entries.map((_, i) => line(i, { proof: proof(i) })),
    checkpoint,
    vkey: `${key.vkey}\n`,
    key,
  };
}

export function notes(count: number): TestRecord[] {
  return Array.from({ length: count }, (_, i) => ({ data: { note: `number ${i}` } }));
}
