import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join as joinPath } from 'node:path';
import { fromBase64, toBase64, utf8 } from '../log/bytes.ts';
import { cosignedMessage, join, u64 } from '../log/cosignature.ts';
import { sha256 } from '../log/sha256.ts';
import { type Answer, addCheckpoint, type SeenCheckpoints } from './add-checkpoint.ts';

const BODY_BYTES_MAX = 256 * 1024;

export interface WitnessOptions {
  /** What its cosignatures are known by, such as `auditor.example/witness`. */
  readonly name: string;
  /** The verifier keys of the logs that it watches. */
  readonly logVkeys: readonly string[];
  /** Its key and what it has seen. For one process at a time; back it up with the key. */
  readonly folder: string;
  readonly host?: string;
  /** 0 takes a free port. */
  readonly port?: number;
}

/**
 * A witness (C2SP tlog-witness) with an ML-DSA-44 key, which is made at the first start. It cosigns a checkpoint only if
 * the log still contains all that it has seen of it.
 */
export async function startWitness(options: WitnessOptions) {
  const { name, logVkeys, folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await keyIn(folder);
  const { vkey, id } = vkeyOf(name, key);
  const seen = seenIn(folder);
  const cosign = (text: string): string => {
    const timestamp = u64(BigInt(Math.floor(Date.now() / 1000)));
    const signature = sign(null, cosignedMessage('ml-dsa-44', name, timestamp, text)!, key);
    return `\u2014 ${name} ${Buffer.concat([id, timestamp, signature]).toString('base64')}\n`;
  };
  // One after the other: what was seen is compared and replaced in one step.
  let last: Promise<unknown> = Promise.resolve();
  const add = (body: string): Promise<Answer> => {
    const answer = last.then(() => addCheckpoint(body, { logVkeys, seen, cosign }));
    last = answer.catch(() => undefined);
    return answer;
  };

  const server = createServer((request, response) => {
    const reply = ({ status, body, type }: Omit<Answer, 'status'> & { status: number }) =>
      response.writeHead(status, { 'content-type': type ?? 'text/plain; charset=utf-8' }).end(body);
    if (request.method !== 'POST' || request.url !== '/add-checkpoint')
      return reply({ status: 404, body: 'POST /add-checkpoint\n' });
    bodyOf(request)
      .then(add)
      .then(reply)
      // Nothing of the error is the business of whoever asks.
      .catch(() => reply({ status: 500, body: 'it could not be cosigned\n' }));
  });
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', () => listening());
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    vkey,
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      await last;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function keyIn(folder: string): Promise<KeyObject> {
  const path = joinPath(folder, 'witness.pem');
  const known = await readIfThere(path);
  if (known !== null) return createPrivateKey(known);
  const { privateKey } = generateKeyPairSync('ml-dsa-44');
  await writeWhole(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return privateKey;
}

function vkeyOf(name: string, key: KeyObject): { vkey: string; id: Uint8Array } {
  const { pub } = createPublicKey(key).export({ format: 'jwk' }) as { pub: string };
  const typed = join(Uint8Array.of(6), Buffer.from(pub, 'base64url'));
  const id = sha256(join(utf8(`${name}\n`), typed)).slice(0, 4);
  return { vkey: `${name}+${Buffer.from(id).toString('hex')}+${toBase64(typed)}`, id };
}

/** One file for each log, named by its origin's digest. */
function seenIn(folder: string): SeenCheckpoints {
  const placeOf = (origin: string) => joinPath(folder, `${Buffer.from(sha256(utf8(origin))).toString('hex')}.json`);
  return {
    async get(origin) {
      const text = await readIfThere(placeOf(origin));
      if (text === null) return null;
      const { size, root } = JSON.parse(text) as { size: number; root: string };
      return { origin, size, root: fromBase64(root)! };
    },
    put: ({ origin, size, root }) =>
      writeWhole(placeOf(origin), `${JSON.stringify({ origin, size, root: toBase64(root) })}\n`),
  };
}

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** A crash leaves the file as it was or complete. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
