import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type AuditWriter, type Clock, draft, RECORD_TYPES, SYSTEM_ACTOR, type UnitOfWork } from '@portreeve/contract';
import { keystoreFolder } from './secrets.ts';
import { writeWhole } from './write-whole.ts';

const MAX_AT_ONCE = 100;
const changeSchema = RECORD_TYPES['secret.changed'];

const folderOf = (stateFolder: string): string => join(keystoreFolder(stateFolder), 'changes');

/**
 * Notes that the keystore is about to be changed, then changes it. Portreeve need not run: the note stands in the state
 * folder until one does, and goes on record then. Names alone are noted.
 */
export async function withNote<T>(
  stateFolder: string,
  note: { readonly change: 'set' | 'removed' | 'rotated'; readonly secret: string | null; readonly clock: Clock },
  change: () => Promise<T>,
): Promise<T> {
  const folder = folderOf(stateFolder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${randomUUID()}.json`);
  const data = {
    change: note.change,
    secret: note.secret,
    at: note.clock.now().toISOString(),
    by: userInfo().username.slice(0, 128),
  };
  await writeWhole(file, JSON.stringify(changeSchema.parse(data)));
  try {
    return await change();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Puts the notes on record, oldest first, each once; gives how many. A file that is no note is left and counts as none. */
export async function recordSecretChanges(options: {
  readonly stateFolder: string;
  readonly uow: UnitOfWork;
  readonly audit: AuditWriter;
}): Promise<number> {
  const { stateFolder, uow, audit } = options;
  const folder = folderOf(stateFolder);
  const files = await readdir(folder).catch(() => []);
  const notes: { readonly file: string; readonly data: ReturnType<typeof changeSchema.parse> }[] = [];
  for (const file of files.filter((name) => /^[0-9a-f-]{36}\.json$/.test(name)).slice(0, MAX_AT_ONCE)) {
    const text = await readFile(join(folder, file), 'utf8');
    notes.push({ file, data: changeSchema.parse(JSON.parse(text)) });
  }
  if (notes.length === 0) return 0;
  notes.sort((a, b) => (a.data.at < b.data.at ? -1 : 1));
  await uow.transaction((tx) =>
    audit.append(
      tx,
      notes.map(({ file, data }) =>
        draft({
          type: 'secret.changed',
          key: `secret.changed:${file}`,
          actor: SYSTEM_ACTOR,
          outcome: data.change,
          data,
        }),
      ),
    ),
  );
  await Promise.all(notes.map(({ file }) => rm(join(folder, file), { force: true })));
  return notes.length;
}
