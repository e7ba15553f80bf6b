import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

/** What a system must still know after it was killed: lines of JSON, each on the disk before it is answered for. */
export interface Journal<Line> {
  /** Resolves once the line is on the disk. Lines are written in the order of the calls. */
  append(line: Line): Promise<void>;
  /** Runs one piece of work after another: two calls with one key must not both find it free. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens a journal in a folder and gives what it holds. A last line that a crash cut in the middle is removed: it was never
 * answered for. Any other line that does not parse stops the system, because it may hide a used grant.
 */
export async function openJournal<Line>(
  folder: string,
  name = 'journal.jsonl',
): Promise<{ journal: Journal<Line>; lines: Line[] }> {
  await mkdir(folder, { recursive: true });
  const file = await open(join(folder, name), 'a+', 0o600);
  const text = (await file.readFile()).toString('utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as Line;
      } catch (error) {
        throw new Error(`${name} is damaged at line ${index + 1}`, { cause: error });
      }
    });
  let size = Buffer.byteLength(whole);
  if (size < Buffer.byteLength(text)) await file.truncate(size);

  const write = async (line: Line): Promise<void> => {
    // Two processes on one folder would each accept the same grant.
    if ((await file.stat()).size !== size) throw new Error('another process writes to this journal');
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    await writeAll(file, bytes);
    await file.datasync();
    size += bytes.length;
  };
  const written = queue();
  const worked = queue();
  return {
    lines,
    journal: {
      append: (line) => written.after(() => write(line)),
      inTurn: worked.after,
      async close() {
        await worked.after(async () => undefined);
        await written.after(async () => undefined);
        await file.close();
      },
    },
  };
}

/** Runs what it is given one after another, whatever becomes of each. */
function queue() {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    after<T>(work: () => Promise<T>): Promise<T> {
      const turn = tail.then(work);
      tail = turn.catch(() => undefined);
      return turn;
    },
  };
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written)).bytesWritten;
  }
}
