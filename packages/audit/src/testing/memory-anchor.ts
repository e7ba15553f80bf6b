import type { AnchorStore } from '../ports.ts';

/** An anchor in memory whose files can be looked at, and which can be told to fail. */
export function memoryAnchor(name = 'memory'): AnchorStore & { files: Map<string, Buffer>; failing: boolean } {
  const files = new Map<string, Buffer>();
  const anchor = {
    name,
    files,
    failing: false,
    async read(path: string) {
      if (anchor.failing) throw new Error('it does not answer');
      return files.get(path) ?? null;
    },
    async write(path: string, bytes: Buffer) {
      if (anchor.failing) throw new Error('it does not answer');
      files.set(path, bytes);
    },
  };
  return anchor;
}
