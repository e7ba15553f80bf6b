import type { SignedCheckpoint } from './checkpoint.ts';
import type { OpenedRecord } from './keys/sealer.ts';
import type { WordTokens } from './keys/words.ts';
import type { AuditReader } from './reader.ts';
import { proofText } from './receipt.ts';
import { type AuditFilter, toStoreSearch } from './search.ts';

/** One file of an export, to be written in the order in which they come. */
export interface ExportFile {
  readonly name: 'entries.jsonl' | 'checkpoint' | 'log.vkey' | 'README.txt';
  readonly content: AsyncIterable<string>;
}

const PAGE = 500;

/**
 * An export under one checkpoint. Without a filter it holds every record that the checkpoint covers and can be checked
 * as a whole; with one, each record carries its own proof.
 */
export async function* exportFiles(
  store: AuditReader,
  checkpoint: SignedCheckpoint,
  vkey: string,
  filter: AuditFilter,
  words: WordTokens,
): AsyncIterable<ExportFile> {
  const { origin: log, size } = checkpoint;
  const whole = Object.values(filter).every((value) => value === undefined);
  // Checked before the first file is opened.
  const search = toStoreSearch({ ...filter, order: 'oldest', limit: PAGE }, words);
  const pages = whole
    ? pagesOf((after) => store.records(log, after + 1, PAGE), size)
    : pagesOf((after) => store.search(log, { ...search, after }), size);

  async function* entries(): AsyncIterable<string> {
    for await (const page of pages) {
      // The stored hashes, not new ones: if they make the signed root, they tell which entry was changed since.
      const range = { level: 0, from: page[0]!.index, to: page.at(-1)!.index + 1 };
      const leaves = whole ? await store.nodes(null, log, [range]) : [];
      const hashesByIndex = new Map(leaves.map((leaf) => [leaf.index, Buffer.from(leaf.hash).toString('base64')]));
      for (const record of page) {
        const leaf = hashesByIndex.get(record.index);
        const more = whole
          ? leaf && `,"leaf":"${leaf}"`
          : `,"proof":${JSON.stringify(await proofText(store, log, record, checkpoint))}`;
        yield `{"entry":${JSON.stringify(record.entry)},"payload":${payloadText(record)}${more ?? ''}}\n`;
      }
    }
  }

  yield { name: 'entries.jsonl', content: entries() };
  yield { name: 'checkpoint', content: once(checkpoint.note) };
  yield { name: 'log.vkey', content: once(`${vkey}\n`) };
  yield { name: 'README.txt', content: once(readme(checkpoint, whole)) };
}

/** One that cannot be read for another reason than an erasure is no payload, so that whoever checks sees it. */
function payloadText({ payload, unread }: OpenedRecord): string {
  return payload ?? (unread === 'erased' ? 'null' : JSON.stringify(unread));
}

async function* pagesOf(read: (after: number) => Promise<OpenedRecord[]>, size: number): AsyncIterable<OpenedRecord[]> {
  for (let after = -1; ; ) {
    const rows = await read(after);
    const page = rows.filter((record) => record.index < size);
    if (page.length > 0) yield page;
    if (page.length < rows.length || rows.length < PAGE) return;
    after = rows.at(-1)!.index;
  }
}

async function* once(text: string): AsyncIterable<string> {
  yield text;
}

function readme(checkpoint: SignedCheckpoint, whole: boolean): string {
  return `Records of the log ${checkpoint.origin}
${whole ? `All ${checkpoint.size} records` : 'Selected records'} up to the checkpoint that was signed at ${checkpoint.time.toISOString()}.

entries.jsonl  one record a line: "entry" is the text of the Merkle leaf, "payload" what it binds by its digest
               (null: erased); ${whole ? '"leaf" is the leaf\'s hash, which tells the changed entry if one was' : '"proof" shows by itself that the entry stands under the checkpoint'}
checkpoint     the size of the log and its Merkle root, signed (c2sp.org/tlog-checkpoint)
log.vkey       the public key that signed it (c2sp.org/signed-note). Compare it with the one that you were given by
               another way: a key that came with the records proves nothing about who made them.

To check this folder without the server:

    portreeve-verify FOLDER --vkey KEY-FROM-ANOTHER-WAY

By hand, with any tool that knows SHA-256 and Ed25519:
1. payload: SHA-256 of its RFC 8785 text is "payload_digest" of the entry.
2. leaf: SHA-256 of a zero byte and the bytes of the entry.
3. ${whole ? 'root: the RFC 6962 tree over all leaves in order is the third line of the checkpoint.' : 'root: the hashes in "proof" lead from the leaf to the third line of the checkpoint (RFC 6962, 2.1.1).'}
4. signature: Ed25519 over the first three lines of the checkpoint, each with its newline.
`;
}
