import type { AnchorParts } from './anchor.ts';
import { Ahead } from './anchor.ts';
import type { SignedCheckpoint } from './checkpoint.ts';
import { isSignatureOf, parseSignature } from './note.ts';
import type { Witness } from './ports.ts';
import { consistencySpans } from './proof.ts';
import { spanHashes } from './stored-tree.ts';
import { parseVkey } from './vkey.ts';

/** What its statuses mean (C2SP tlog-witness). */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'it takes the request for malformed',
  403: 'it does not trust the key of this log',
  404: 'it does not know this log',
  422: 'it does not accept the consistency proof',
};

/**
 * Asks a witness for its cosignature on a checkpoint and gives the signature lines that verify. The first request guesses
 * that the witness is up to date; it answers with the size that it has seen, and gets the proof from there. Throws
 * {@link Ahead} where it has seen more records, or others, and an `Error` where it does not cosign.
 */
export async function askWitness(
  { store, origin }: AnchorParts,
  witness: Witness,
  checkpoint: SignedCheckpoint,
  lastSeen: number | null,
): Promise<string> {
  let old = lastSeen !== null && lastSeen <= checkpoint.size ? lastSeen : checkpoint.size;
  // Another process may have shown it a checkpoint between two requests.
  for (let attempt = 0; attempt < 3; attempt++) {
    const proof = await spanHashes(store, null, origin, consistencySpans(old, checkpoint.size));
    const lines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');
    const { status, text } = await witness.add(`old ${old}\n${lines}\n${checkpoint.log_note}`);
    if (status === 200) return cosignatures(witness, checkpoint, text);
    if (status !== 409) throw new Error(REFUSALS[status] ?? `it answered ${status}`);
    const size = /^(0|[1-9][0-9]{0,15})\n$/.exec(text)?.[1];
    if (size === undefined) throw new Error('it answered 409 and did not name a size');
    const seen = Number(size);
    if (seen > checkpoint.size)
      throw new Ahead(seen, `it has seen ${seen} records of this log, which holds ${checkpoint.size}`);
    if (seen === old && old === checkpoint.size) throw new Ahead(seen, `it has seen other ${seen} records of this log`);
    old = seen;
  }
  throw new Error('it names another size each time');
}

function cosignatures(witness: Witness, checkpoint: SignedCheckpoint, text: string): string {
  const keys = witness.vkeys.map(parseVkey);
  const valid = text.split('\n').filter((line) => {
    const signature = parseSignature(line);
    const key = signature && keys.find(({ name, id }) => name === signature.name && id.equals(signature.id));
    return key && isSignatureOf(key, checkpoint.text, signature.bytes);
  });
  if (valid.length === 0) throw new Error('its answer holds no cosignature that verifies');
  return valid.map((line) => `${line}\n`).join('');
}
