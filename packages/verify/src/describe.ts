import { type ExportResult, UNSEEN } from './log/index.ts';

const NAMES = { key: 'their signing key', passkey: 'their passkey' } as const;

/** What was found of one log, for people. */
export function describe(result: ExportResult): string {
  const lines: [string, string][] = [];
  if (result.origin !== null) lines.push(['log', result.origin]);
  if (result.size !== null) lines.push(['checkpoint', `${result.size} records, root ${result.root}`]);
  if (result.key !== null) {
    const trust = result.key_expected
      ? 'as expected'
      : 'found in the export itself: compare it with the key that you were given, or pass that with --vkey';
    lines.push(['key', `${short(result.key)} (${trust})`]);
  }
  for (const vkey of result.cosigned_by) lines.push(['cosigned by', short(vkey)]);
  const what = result.complete
    ? 'all that the checkpoint covers'
    : result.ok
      ? 'a selection, each with its proof'
      : 'up to the fault';
  lines.push(['records', `${result.records} checked, ${what}`]);
  if (result.payloads_missing > 0) {
    const { payloads_missing: missing, payloads_unexplained: unexplained } = result;
    const none = missing === unexplained && missing === result.records;
    const rest = unexplained > 0 ? `; of ${unexplained} no record here says so` : ', on record';
    lines.push(['payloads', none ? 'not in these files' : `${missing} erased${rest}`]);
  }
  if (result.verdicts > 0)
    lines.push([
      'verdicts',
      `${result.verdicts} signatures verify, ${result.verdicts_by_registered_key} of them by the key registered in these records`,
    ]);
  for (const { index, approval, verdict, approver, by, proposal_digest } of result.proved ?? [])
    lines.push([`  ${index}`, `${approval}: ${approver} signed “${verdict}” over ${proposal_digest} by ${NAMES[by]}`]);
  const where = result.first_bad_index === null ? '' : ` from index ${result.first_bad_index}`;
  const verdict = result.ok ? 'OK: nothing was changed.' : `NOT OK${where}: ${result.problem} (${result.kind}).`;
  return `${lines.map(([name, text]) => `${name.padEnd(11)} ${printable(text)}\n`).join('')}\n${printable(verdict)}\n`;
}

/** The key of an ML-DSA signature has 1,750 characters. */
function short(vkey: string): string {
  return vkey.length <= 120 ? vkey : `${vkey.slice(0, 100)}\u2026`;
}

/** What comes from the export may not steer the terminal. */
export function printable(text: string): string {
  return text.replace(new RegExp(UNSEEN, 'gv'), '\ufffd');
}
