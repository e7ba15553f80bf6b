import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { seal, unseal } from '@portreeve/audit/writer';
import { type Clock, isPortreeveError, type KeyWrapper, KeyWrapperError, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { writeWhole } from '../config/write-whole.ts';
import { RETIRE_AFTER_MS } from './retire-after.ts';
import { rewrapHere } from './rewrap-here.ts';

const KEY_BYTES = 32;

const fileSchema = z
  .array(
    z.strictObject({
      root: z.string().regex(/^file:[A-Za-z0-9_-]{12}$/),
      made_at: z.iso.datetime(),
      key: z.base64url().length(43),
    }),
  )
  .min(1);
type Roots = z.infer<typeof fileSchema>;

/**
 * Root keys in a file of mode 0600 of this installation, newest first; AES-256-GCM. Without the file nothing that is
 * sealed can be read: back it up, apart from the database.
 */
export function fileKeyWrapper({ file, clock }: { readonly file: string; readonly clock: Clock }): KeyWrapper {
  let held = new Map<string, KeyObject>();
  let making: Promise<void> | null = null;

  const fresh = (): Roots[number] => ({
    root: `file:${randomBytes(9).toString('base64url')}`,
    made_at: clock.now().toISOString(),
    key: randomBytes(KEY_BYTES).toString('base64url'),
  });
  const write = async (roots: Roots): Promise<Roots> => {
    await writeWhole(file, `${JSON.stringify(roots, null, 1)}\n`);
    return roots;
  };
  /** Read for each use: another process may have rotated. */
  const read = async (): Promise<Roots> => {
    const text = await readOwn(file);
    if (text === null) {
      making ??= create(file, [fresh()]).finally(() => {
        making = null;
      });
      await making;
      return read();
    }
    return take(parse(text, file));
  };
  const take = (roots: Roots): Roots => {
    held = new Map(roots.map(({ root, key }) => [root, createSecretKey(Buffer.from(key, 'base64url'))]));
    return roots;
  };

  const wrapper: KeyWrapper = {
    root: async () => (await read())[0]!.root,
    async wrap(key, binding) {
      const { root } = (await read())[0]!;
      return { root, wrapped: seal(held.get(root)!, binding, Buffer.from(key).toString('base64url')) };
    },
    async unwrap({ root, wrapped }, binding) {
      if (!held.has(root)) await read();
      const key = held.get(root);
      const text = key ? unseal(key, binding, wrapped) : null;
      if (text === null) throw new KeyWrapperError(`the root key ${root} of ${file} does not open it`);
      return Buffer.from(text, 'base64url');
    },
    rewrap: (key, binding) => rewrapHere(wrapper, key, binding),
    async rotate() {
      const made = fresh();
      take(await write([made, ...(await read())]));
      return made.root;
    },
    async retire() {
      const [newest, ...earlier] = await read();
      if (earlier.length === 0 || clock.now().getTime() - Date.parse(newest!.made_at) < RETIRE_AFTER_MS) return;
      take(await write([newest!]));
    },
    close: async () => held.clear(),
  };
  return wrapper;
}

/** The text of a file that nobody else can read; `null` where there is none. */
async function readOwn(file: string): Promise<string | null> {
  try {
    if (((await stat(file)).mode & 0o077) !== 0)
      throw new PortreeveError('misconfigured', `${file} can be read by others.`, {
        next: `Take the rights away (chmod 600 ${file}), and rotate: others may have copied it.`,
      });
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isPortreeveError(error)) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new KeyWrapperError(`${file} cannot be read`);
  }
}

/** INVARIANT: of several processes that begin at once one makes the file, whole, and the others take it. */
async function create(file: string, roots: Roots): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const aside = `${file}.${randomBytes(6).toString('hex')}.first`;
  await writeFile(aside, `${JSON.stringify(roots, null, 1)}\n`, { mode: 0o600, flush: true });
  await link(aside, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(aside);
}

function parse(text: string, file: string): Roots {
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    // An error of the parser may quote a key.
    throw new PortreeveError('misconfigured', `${file} holds no usable root keys.`, {
      next: 'Restore the file from a backup: another root key opens nothing that is there.',
    });
  }
}
