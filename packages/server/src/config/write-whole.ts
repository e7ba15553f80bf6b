import { rename, writeFile } from 'node:fs/promises';

/** Writes a file of mode 0600 that a crash leaves as it was or complete, never half; readers see one or the other. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, text, { mode: 0o600, flush: true });
  await rename(fresh, path);
}
