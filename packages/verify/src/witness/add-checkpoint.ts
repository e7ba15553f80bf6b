import { equal, fromBase64 } from '../log/bytes.ts';
import { type Checkpoint, parseCheckpoint } from '../log/checkpoint.ts';
import { openNote, parseVkey } from '../log/note.ts';
import { verifyConsistency } from '../log/tree.ts';

const PROOF_MAX = 63;

/** The latest checkpoint of each log that was cosigned. */
export interface SeenCheckpoints {
  get(origin: string): Promise<Checkpoint | null>;
  /** Durable when it resolves. */
  put(checkpoint: Checkpoint): Promise<void>;
}

export interface Answer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly body: string;
  readonly type?: string;
}

/**
 * One `add-checkpoint` request of C2SP tlog-witness. The caller runs one at a time: what was seen is compared and
 * replaced in one step. `cosign` gives the signature lines for the body of a checkpoint.
 */
export async function addCheckpoint(
  body: string,
  witness: {
    /** The verifier keys of the logs; a key's name is the log's origin. */
    readonly logVkeys: readonly string[];
    readonly seen: SeenCheckpoints;
    readonly cosign: (text: string) => string;
  },
): Promise<Answer> {
  const request = parseRequest(body);
  if (!request) return refuse(400, 'not an add-checkpoint request');
  const { old, proof, note, checkpoint } = request;
  const keys = witness.logVkeys.filter((vkey) => parseVkey(vkey).name === checkpoint.origin);
  if (keys.length === 0) return refuse(404, 'this log is not known here');
  const opened = await openNote(note, keys);
  if (!opened.ok)
    return opened.fault === 'malformed'
      ? refuse(400, 'not a signed note')
      : refuse(403, 'no signature of a key that is trusted for this log');
  if (old > checkpoint.size) return refuse(400, 'the old size is larger than the checkpoint');
  const before = await witness.seen.get(checkpoint.origin);
  const conflict: Answer = { status: 409, body: `${before?.size ?? 0}\n`, type: 'text/x.tlog.size' };
  if (old !== (before?.size ?? 0)) return conflict;
  if (before && old === checkpoint.size && !equal(before.root, checkpoint.root)) return conflict;
  const first = before ?? { size: 0, root: EMPTY };
  if (old === 0 ? proof.length > 0 : !verifyConsistency({ first, second: checkpoint, proof }))
    return refuse(422, 'the consistency proof does not verify');
  await witness.seen.put(checkpoint);
  return { status: 200, body: witness.cosign(opened.text) };
}

const EMPTY = new Uint8Array(32);

function refuse(status: Answer['status'], why: string): Answer {
  return { status, body: `${why}\n` };
}

function parseRequest(body: string) {
  const blank = body.indexOf('\n\n');
  const [first = '', ...lines] = body.slice(0, Math.max(blank, 0)).split('\n');
  const old = /^old (0|[1-9][0-9]{0,15})$/.exec(first)?.[1];
  const proof = lines.map((line) => fromBase64(line));
  const note = body.slice(blank + 2);
  const checkpoint = parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
  const hashes = proof.filter((hash) => hash?.length === 32) as Uint8Array[];
  if (blank < 0 || old === undefined || !checkpoint || lines.length > PROOF_MAX || hashes.length < lines.length)
    return null;
  return { old: Number(old), proof: hashes, note, checkpoint };
}
