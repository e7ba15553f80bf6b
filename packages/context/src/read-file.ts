import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { isPortreeveError, PortreeveError } from '@portreeve/contract';
import { fillTemplate } from './fill-template.ts';
import { createIngester, type Ingester } from './ingest/ingester.ts';
import type { SourceReader, SourceRequest } from './ports.ts';
import { readItems } from './read-items.ts';

/** A value that stands for one name in a path: it cannot climb, hide, or name a device or a stream. */
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * Reads files of a folder inside `root`, the project's folder. Neither the query nor a symbolic link leads out of the
 * declared folder; only regular files are read.
 */
export function fileSource({
  root,
  ingester = createIngester(),
}: {
  readonly root: string;
  readonly ingester?: Ingester;
}): SourceReader {
  return {
    kind: 'file',
    async read(request) {
      const { contract } = request;
      if (contract.binding.kind !== 'file') throw new TypeError(`source ${contract.name} is not bound to files`);
      const { folder, pattern } = contract.binding;
      const name = fillTemplate(pattern, request.query, (value) => (FILE_NAME.test(value) ? value : null));
      try {
        const bytes = await readInside(resolve(root, folder), name, root, request);
        return await readItems(ingester, bytes, { declared: '', name }, contract);
      } catch (error) {
        if (isPortreeveError(error)) throw error;
        if ((error as NodeJS.ErrnoException).code === 'ENOENT')
          throw new PortreeveError('unknown_case', `source ${contract.name} has no file ${name}`, { cause: error });
        throw new PortreeveError('source_failed', `source ${contract.name} could not be read`, { cause: error });
      }
    },
  };
}

async function readInside(folder: string, name: string, root: string, request: SourceRequest): Promise<Uint8Array> {
  const { contract } = request;
  const realFolder = await realpath(folder);
  const path = await realpath(join(realFolder, name));
  if (!isInside(await realpath(root), realFolder) || !isInside(realFolder, path))
    throw new PortreeveError('source_failed', `source ${contract.name}: ${name} leads out of its folder`);
  const timeout = AbortSignal.timeout(contract.limits.timeout_ms);
  const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
  // The path holds no link any more; refusing one here closes the moment between the check and the opening. Without
  // O_NONBLOCK a named pipe in the folder would hold the open for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new PortreeveError('source_failed', `source ${contract.name}: ${name} is not a file`);
    if (stat.size > contract.limits.max_bytes) throw tooLarge(request);
    const bytes = await file.readFile({ signal });
    if (bytes.length > contract.limits.max_bytes) throw tooLarge(request);
    return bytes;
  } finally {
    await file.close();
  }
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function tooLarge({ contract }: SourceRequest): PortreeveError {
  return new PortreeveError(
    'source_failed',
    `source ${contract.name} gave more than the declared ${contract.limits.max_bytes} bytes`,
  );
}
