import { generateKeyPairSync } from 'node:crypto';
import type { Clock } from '@portreeve/contract';
import { parseCheckpoint } from '../checkpoint-text.ts';
import { createCosigner } from '../cosignature.ts';
import { openNote } from '../note.ts';
import type { Witness } from '../ports.ts';
import { verifyConsistency } from '../proof.ts';

/** A witness in memory that answers as C2SP tlog-witness says. */
export function memoryWitness(options: {
  readonly logVkeys: readonly string[];
  readonly clock: Clock;
  readonly name?: string;
}) {
  const name = options.name ?? 'witness.example/w1';
  const cosigner = createCosigner({ name, privateKey: generateKeyPairSync('ml-dsa-44').privateKey });
  const seen = new Map<string, { size: number; root: Uint8Array }>();
  const asked: string[] = [];
  /** What it answers in place of the truth. */
  let answer: { status: number; text: string } | null = null;
  const witness: Witness = {
    name,
    vkeys: [cosigner.vkey],
    async add(body) {
      asked.push(body);
      if (answer) return answer;
      const split = body.indexOf('\n\n');
      const [first, ...lines] = body.slice(0, split).split('\n');
      const old = Number(/^old (0|[1-9][0-9]*)$/.exec(first!)![1]);
      const opened = openNote(body.slice(split + 2), options.logVkeys);
      if (!('text' in opened)) return { status: 403, text: '' };
      const { origin, size, root } = parseCheckpoint(opened.text)!;
      const last = seen.get(origin) ?? { size: 0, root };
      if (old > size) return { status: 400, text: '' };
      const conflict = { status: 409, text: `${last.size}\n` };
      if (last.size !== old) return conflict;
      if (old === size && seen.has(origin) && Buffer.compare(last.root, root) !== 0) return conflict;
      const proof = lines.map((line) => Buffer.from(line, 'base64'));
      if (old > 0 && !verifyConsistency(old, size, last.root, root, proof)) return { status: 422, text: '' };
      seen.set(origin, { size, root });
      return { status: 200, text: cosigner.cosign(opened.text, options.clock.now()) };
    },
  };
  return {
    witness,
    seen,
    asked,
    answerWith(next: { status: number; text: string } | null) {
      answer = next;
    },
  };
}
