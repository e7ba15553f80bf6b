import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface LogDestination {
  write(line: string): unknown;
}

/** Where the log of a process goes: a file of its state folder, or standard output, from where a container's host takes it. */
export type LogPlace = 'file' | 'stdout';

const BYTES_MAX = 32 * 1024 * 1024;

/**
 * `file` is `server.log` of the state folder; before it has more than `bytesMax` (32 MiB) it becomes `server.log.1`, in place of
 * the one before. INVARIANT: a log that cannot be written stops nobody; how many entries are missing is said once it can.
 */
export function logDestination(place: LogPlace, stateFolder: string, bytesMax = BYTES_MAX): LogDestination {
  return place === 'stdout' ? process.stdout : toFile(stateFolder, bytesMax);
}

function toFile(folder: string, bytesMax: number): LogDestination {
  const path = join(folder, 'server.log');
  let open: { readonly file: number; bytes: number } | null = null;
  let missing = 0;
  let torn = false;

  const opened = () => {
    mkdirSync(folder, { recursive: true });
    const file = openSync(path, 'a', 0o600);
    return { file, bytes: fstatSync(file).size };
  };
  const append = (line: string): void => {
    open ??= opened();
    const bytes = Buffer.from(line);
    if (open.bytes > 0 && open.bytes + bytes.length > bytesMax) {
      closeSync(open.file);
      open = null;
      renameSync(path, `${path}.1`);
      open = opened();
    }
    for (let at = 0; at < bytes.length; ) {
      const written = writeSync(open.file, bytes, at);
      at += written;
      open.bytes += written;
      // A disk that fills up takes the beginning of an entry.
      torn = at < bytes.length;
    }
  };
  // There from the start, also where there is nothing to say.
  try {
    open = opened();
  } catch {
    // Tried again with each entry.
  }
  return {
    write(line) {
      try {
        if (torn) append('\n');
        if (missing > 0) append(`${noteOf(missing)}\n`);
        missing = 0;
        append(line);
      } catch {
        missing++;
      }
    },
  };
}

/** In the form of the other entries. */
const noteOf = (missing: number): string =>
  JSON.stringify({ level: 50, time: Date.now(), msg: `entries that could not be written to this log: ${missing}` });
