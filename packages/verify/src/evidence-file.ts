import { printable } from './describe.ts';
import { BadVerifierKey, type EvidenceResult, verifyEvidence } from './log/index.ts';
import { keysIn, read, Unusable } from './read-folder.ts';

/**
 * Checks the file of a report of evidence, prints what was found, and gives the exit status: 0 every record that it names
 * is proved, 1 one is not, 2 the file or the key is not usable. Needs Node.
 */
export async function verifyEvidenceFile(
  file: string,
  options: { readonly json?: boolean; readonly vkeyFile?: string } = {},
): Promise<0 | 1 | 2> {
  try {
    const keys = options.vkeyFile === undefined ? [] : keysIn(await read(options.vkeyFile));
    if (options.vkeyFile !== undefined && keys.length === 0)
      throw new Unusable(`${printable(options.vkeyFile)} holds no key`);
    const result = await verifyEvidence(parse(await read(file), file), keys);
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : inWords(result));
    return result.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Unusable) && !(error instanceof BadVerifierKey)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unusable(`${printable(file)} is not JSON: pass what \`portreeve evidence --format json\` wrote.`);
  }
}

function inWords({ ok, problem, proofs, logs }: EvidenceResult): string {
  const trust = (expected: boolean) =>
    expected
      ? 'as expected'
      : 'found in the report itself: compare it with the key that you were given, or pass --vkey';
  const lines = logs.map(
    ({ origin, vkey, expected }) => `log         ${origin}\nkey         ${vkey} (${trust(expected)})`,
  );
  lines.push(`records     ${proofs} proved`);
  const verdict = ok ? 'OK: every record that it names is proved.' : `NOT OK: ${problem}.`;
  return `${lines.map((line) => line.split('\n').map(printable).join('\n')).join('\n')}\n\n${printable(verdict)}\n`;
}
