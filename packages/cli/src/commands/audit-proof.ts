import { readFile } from 'node:fs/promises';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

export type ProofOptions = GlobalOptions & { readonly vkey?: string };

interface Receipt {
  readonly proof: string;
  readonly entry: string;
  readonly payload: unknown;
  readonly vkey: string;
}

/** Shows the way from one record to the signed root of its log. Nothing of it is shown before it has been checked here. */
export async function proof(options: ProofOptions, place: string): Promise<number> {
  const { client } = await signIn(options, 'auditor');
  const receipt = await client.call<Receipt>('GET', `/v1/audit/proof/${encodeURIComponent(place)}`);
  const trusted = options.vkey === undefined ? [receipt.vkey] : await keysIn(options.vkey);
  const { BadVerifierKey, leafHash, verifyReceipt } = await import('@portreeve/verify');
  const result = await verifyReceipt(receipt.proof, receipt.entry, trusted, receipt.payload).catch((error: unknown) => {
    if (error instanceof BadVerifierKey) throw new UsageError(`${options.vkey}: ${error.message}.`);
    throw error;
  });
  if (!result.ok) {
    if (options.json) console.log(JSON.stringify({ ok: false, place, kind: result.kind, problem: result.problem }));
    else {
      console.error(
        `${style('red', '✗')} Record ${printable(place)} is not proved: ${printable(result.problem ?? '')}.`,
      );
      console.error('next: keep the database as it is, and compare it with an exported copy: portreeve audit verify');
    }
    return EXIT.failed;
  }
  const shown = {
    ...{ ok: true, place, index: result.index, size: result.size, origin: result.origin },
    ...{ leaf: Buffer.from(leafHash(receipt.entry)).toString('base64'), ...partsOf(receipt.proof) },
  };
  if (options.json) console.log(JSON.stringify(shown));
  else show(shown);
  return EXIT.done;
}

async function keysIn(file: string): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read.`);
  });
  const keys = text.split('\n').filter((line) => line.trim() !== '');
  if (keys.length === 0) throw new UsageError(`${file} holds no key.`);
  return keys;
}

/** The hashes and the head of the log as they stand in a `c2sp.org/tlog-proof@v1`; the check has found it well formed. */
function partsOf(text: string): {
  readonly path: readonly string[];
  readonly root: string;
  readonly checkpoint: string;
} {
  const blank = text.indexOf('\n\n');
  const lines = text.slice(0, blank).split('\n');
  const checkpoint = text.slice(blank + 2);
  return {
    path: lines.slice(lines.findIndex((line) => line.startsWith('index ')) + 1),
    root: checkpoint.split('\n')[2] ?? '',
    checkpoint,
  };
}

function show(proved: { readonly [name: string]: unknown; readonly path: readonly string[] }): void {
  const { place, index, size, origin, leaf, path, root } = proved;
  console.log(`${style('green', '✓')} ${printable(`Record ${place} is number ${index} of ${size} in ${origin}.`)}`);
  console.log(`  leaf ${printable(String(leaf))}`);
  for (const hash of path) console.log(`  with ${printable(hash)}`);
  console.log(`  root ${printable(String(root))}, signed`);
}
