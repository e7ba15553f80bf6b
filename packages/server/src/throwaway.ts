import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from './store/postgres.ts';

export interface Throwaway {
  readonly folder: string;
  readonly databaseUrl: string;
  /** Is done at the end, the latest first, however it ends. */
  undo(step: () => Promise<unknown>): void;
}

/** A folder and an empty database for one purpose alone. Both are gone afterwards, with all that was started in them. */
export async function throwaway<T>(
  { name, databaseUrl }: { readonly name: string; readonly databaseUrl: string | undefined },
  use: (given: Throwaway) => Promise<T>,
): Promise<T> {
  const undo: (() => Promise<unknown>)[] = [];
  try {
    const folder = await mkdtemp(join(tmpdir(), `portreeve-${name}-`));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    let url = databaseUrl;
    if (url === undefined) {
      const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
      undo.push(() => postgres.stop());
      url = postgres.url;
    }
    return await use({ folder, databaseUrl: url, undo: (step) => void undo.push(step) });
  } finally {
    for (const step of undo.reverse()) await step().catch(() => undefined);
  }
}
