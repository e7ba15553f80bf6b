import { PortreeveError, type RunId } from '@portreeve/contract';
import type { SignedCheckpoint } from './checkpoint.ts';
import { inclusionSpans } from './proof.ts';
import type { AuditReader } from './reader.ts';
import { spanHashes } from './stored-tree.ts';

/** Records of one run that a replay holds; a run has some dozens. */
const RECORDS_MAX = 2000;
const PAGE = 500;

/** Everything that the log says of one run, each record with what proves it under one checkpoint. */
export interface RunReplay {
  readonly format: 'portreeve-replay@v1';
  readonly run: RunId;
  readonly origin: string;
  /** The key that signed; who checks compares it with the one that came by another way. */
  readonly vkey: string;
  /** The C2SP signed note. */
  readonly checkpoint: string;
  readonly records: readonly {
    readonly index: number;
    /** The bytes of the Merkle leaf. */
    readonly entry: string;
    /** RFC 8785 text that the entry binds by its digest; `null` where it has been erased. */
    readonly payload: string | null;
    /** The siblings from the leaf up to the root (RFC 6962, 2.1.1), in base64. */
    readonly path: readonly string[];
  }[];
}

/** Throws `not_found` where the log has no record of that run, `too_large` where it has too many to be shown at once. */
export async function replayRun(
  store: AuditReader,
  run: RunId,
  options: {
    readonly checkpoint: SignedCheckpoint;
    readonly vkey: string;
    readonly workflows: readonly string[] | null;
  },
): Promise<RunReplay> {
  const { checkpoint, vkey, workflows } = options;
  const { origin, size } = checkpoint;
  const records: RunReplay['records'][number][] = [];
  for (let after: number | null = null; ; ) {
    const page = await store.search(origin, {
      ...{ equals: { run }, types: null, workflows, since: null, until: null, words: null },
      ...{ after, limit: PAGE, order: 'oldest' },
    });
    for (const { index, entry, payload } of page) {
      if (index >= size) continue;
      const path = await spanHashes(store, null, origin, inclusionSpans(index, size));
      records.push({ index, entry, payload, path: path.map((hash) => Buffer.from(hash).toString('base64')) });
    }
    if (records.length > RECORDS_MAX)
      throw new PortreeveError('too_large', `The run ${run} has more than ${RECORDS_MAX} records.`, {
        next: 'Export it: portreeve audit export --run.',
      });
    if (page.length < PAGE) break;
    after = page.at(-1)!.index;
  }
  if (records.length === 0) throw new PortreeveError('not_found', `The log has no record of the run ${run}.`);
  return { format: 'portreeve-replay@v1', run, origin, vkey, checkpoint: checkpoint.note, records };
}
