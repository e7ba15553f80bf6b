import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A module of a project, by its name without an ending: the TypeScript that was written or, where there is none, the
 * JavaScript that was made of it. Node strips no types below `node_modules`, so what a package brings is JavaScript.
 */
export function moduleFile(folder: string, name: string): string {
  const [written, made] = [join(folder, `${name}.ts`), join(folder, `${name}.js`)];
  return !existsSync(written) && existsSync(made) ? made : written;
}
