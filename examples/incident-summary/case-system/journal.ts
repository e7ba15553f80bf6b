import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** What is published: a summary, and whatever the tool's schema has besides. */
export interface Publication {
  readonly summary: unknown;
  readonly [member: string]: unknown;
}

/** A line of the journal: what this system must still know after it was killed. */
export type JournalEntry =
  | { readonly type: 'grant_used'; readonly at: string; readonly jti: string; readonly expires_at: string }
  | {
      readonly type: 'published';
      readonly at: string;
      readonly case_id: string;
      readonly revision: number;
      readonly publication: Publication;
      /** The grant's digest of the case and the whole publication. */
      readonly args_digest: string;
      readonly idempotency_key: string | null;
      /** By whose right, through whom, and who agreed: from the grant. */
      readonly by: {
        readonly grant: string;
        readonly proposal: string;
        readonly run: string | null;
        readonly subject: string;
        readonly actor: string | null;
        readonly approvers: readonly string[];
      };
    };

export interface Journal {
  /** Resolves once the entry is on the disk. Entries are written in the order of the calls. */
  append(entry: JournalEntry): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens `journal.jsonl` in a folder and gives what it holds. A last line that a crash cut in the middle is removed: it
 * was never answered for. Any other line that does not parse stops the system, because it may hide a used grant.
 */
export async function openJournal(folder: string): Promise<{ journal: Journal; entries: JournalEntry[] }> {
  await mkdir(folder, { recursive: true });
  const file = await open(join(folder, 'journal.jsonl'), 'a+', 0o600);
  const text = (await file.readFile()).toString('utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').slice(0, -1);
  const entries = lines.map((line, i) => {
    try {
      return JSON.parse(line) as JournalEntry;
    } catch (error) {
      throw new Error(`journal.jsonl is damaged at line ${i + 1}`, { cause: error });
    }
  });
  let size = Buffer.byteLength(whole);
  if (size < Buffer.byteLength(text)) await file.truncate(size);

  let tail: Promise<void> = Promise.resolve();
  const write = async (entry: JournalEntry): Promise<void> => {
    // Two processes on one folder would each accept the same grant.
    if ((await file.stat()).size !== size) throw new Error('another process writes to this journal');
    const line = Buffer.from(`${JSON.stringify(entry)}\n`);
    await writeAll(file, line);
    await file.datasync();
    size += line.length;
  };
  return {
    entries,
    journal: {
      append(entry) {
        const turn = tail.then(() => write(entry));
        tail = turn.catch(() => undefined);
        return turn;
      },
      async close() {
        await tail;
        await file.close();
      },
    },
  };
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}
