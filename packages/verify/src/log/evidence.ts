import { readEntry } from './entry.ts';
import { parseVkey } from './note.ts';
import { parseProof, verifyReceipt } from './receipt.ts';

/** A report of `portreeve evidence`, as far as it is checked here. */
interface Report {
  readonly format: 'portreeve-evidence@v1';
  readonly controls: readonly {
    readonly id: string;
    readonly answers: readonly { readonly fact: string; readonly state: string; readonly records: readonly string[] }[];
  }[];
  readonly logs: readonly {
    readonly name: string;
    readonly origin: string;
    readonly vkey: string;
    readonly checkpoint: string;
  }[];
  readonly proofs: readonly { readonly place: string; readonly proof: string; readonly entry: string }[];
}

export interface EvidenceResult {
  readonly ok: boolean;
  readonly problem: string | null;
  /** Records that were proved. */
  readonly proofs: number;
  readonly logs: readonly { readonly origin: string; readonly vkey: string; readonly expected: boolean }[];
}

/** Mirrors `main` of the contract: places of the main log have no name before them. */
const MAIN = 'main';
const PROOFS_MAX = 5000;

/**
 * Checks a report of evidence without the server: every record that an answer names has a proof, each proof holds under the
 * one checkpoint that the report names of its log, signed by one of `expectedVkeys`, or, where none is given, by the key
 * in the report itself. What an answer says of its records in words is for a person to read.
 */
export async function verifyEvidence(value: unknown, expectedVkeys: readonly string[] = []): Promise<EvidenceResult> {
  const logs: EvidenceResult['logs'][number][] = [];
  let proofs = 0;
  const refuse = (problem: string): EvidenceResult => ({ ok: false, problem, proofs, logs });
  if (!isReport(value)) return refuse('this is not a report of evidence (portreeve-evidence@v1)');
  const logsByName = new Map(value.logs.map((log) => [log.name, log]));
  if (logsByName.size !== value.logs.length) return refuse('it names one log twice');
  for (const { origin, vkey } of value.logs) {
    const own = expectedVkeys.filter((each) => parseVkey(each).name === origin);
    if (expectedVkeys.length > 0 && own.length === 0) return refuse(`no key was given for the log ${origin}`);
    logs.push({ origin, vkey: own[0] ?? vkey, expected: own.length > 0 });
  }
  const proved = new Set<string>();
  for (const { place, proof, entry } of value.proofs) {
    const [name, index] = readPlace(place);
    const log = logsByName.get(name);
    const trusted = logs.filter(({ origin }) => origin === log?.origin).map(({ vkey }) => vkey);
    if (!log || trusted.length === 0) return refuse(`the record ${place} is of a log that the report does not name`);
    if (parseProof(proof)?.checkpoint !== log.checkpoint)
      return refuse(`the record ${place} is proved under another checkpoint than the report names`);
    const found = await verifyReceipt(proof, entry, trusted);
    if (!found.ok) return refuse(`the record ${place}: ${found.problem}`);
    if (found.index !== index || readEntry(entry)?.log !== log.origin)
      return refuse(`the record ${place} is another one`);
    proved.add(place);
    proofs++;
  }
  for (const { id, answers } of value.controls)
    for (const { fact, state, records } of answers) {
      const missing = records.find((place) => !proved.has(place));
      if (missing !== undefined) return refuse(`${id}: the record ${missing} of ${fact} has no proof`);
      if (state === 'shown' && records.length === 0) return refuse(`${id}: ${fact} is said to be shown by no record`);
    }
  return { ok: true, problem: null, proofs, logs };
}

function readPlace(place: string): [name: string, index: number] {
  const colon = place.indexOf(':');
  return colon < 0 ? [MAIN, Number(place)] : [place.slice(0, colon), Number(place.slice(colon + 1))];
}

const isList = (value: unknown, each: (item: Record<string, unknown>) => boolean): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null && each(item));
const areText = (...values: unknown[]): boolean => values.every((value) => typeof value === 'string');

function isReport(value: unknown): value is Report {
  const { format, controls, logs, proofs } = (value ?? {}) as Record<string, unknown>;
  return (
    format === 'portreeve-evidence@v1' &&
    isList(
      controls,
      ({ id, answers }) =>
        areText(id) &&
        isList(
          answers,
          ({ fact, state, records }) =>
            areText(fact, state) && Array.isArray(records) && areText(...(records as unknown[])),
        ),
    ) &&
    isList(logs, ({ name, origin, vkey, checkpoint }) => areText(name, origin, vkey, checkpoint)) &&
    isList(proofs, ({ place, proof, entry }) => areText(place, proof, entry)) &&
    (proofs as unknown[]).length <= PROOFS_MAX
  );
}
