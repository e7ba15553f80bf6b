import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PortreeveServer } from '@portreeve/server';
import type { Client } from '../client.ts';
import { EXIT } from '../failure.ts';
import { style } from '../output.ts';
import { renderApproval } from '../render/approval.ts';
import { type GlobalOptions, type SignedInClient, signIn } from '../session.ts';
import { signVerdict } from '../sign.ts';
import { watchRun } from '../watch.ts';

const WORKFLOW = 'incident-summary';
const CASE = 'CASE-1042';

interface Demo {
  readonly options: GlobalOptions & { readonly yes?: boolean };
  readonly server: PortreeveServer;
  readonly state: string;
  readonly signal: AbortSignal;
}

/** The main job, the whole way: ask, read, summarise, approve, deliver, prove. Gives the exit code. */
export async function demo({ options, server, state, signal }: Demo): Promise<number> {
  const print = (line = '') => {
    if (!options.json) console.log(line);
  };
  const here = { ...options, server: server.url };
  const analyst = await signIn({ ...here, as: 'analyst' }, 'requester');
  const { run, resumed } = await takeRun(analyst.client);
  print(
    resumed
      ? `The run ${run} was waiting; it goes on.\n`
      : `${analyst.name} asks for a summary of ${CASE}: run ${run}\n`,
  );

  const watched = await watchRun(analyst.client, run, {
    print,
    signal,
    onApproval: (approval, closed) => decide({ here, approval, closed, signal, print, yes: options.yes === true }),
  });
  if (watched.state !== 'ended') return EXIT.failed;
  const ended = await analyst.client.call('GET', `/v1/runs/${run}`);
  const proof = await prove({ here, state, run, result: watched.result, print });
  const done = ended.state === 'completed' && ended.result?.published === true && proof.ok;
  if (options.json) console.log(JSON.stringify({ run: ended, ...proof }));
  else whatNext(run, ended.result?.published === true, proof, options.yes !== true);
  return done ? EXIT.done : EXIT.failed;
}

/** The run that waits since an earlier start, or a new one. */
async function takeRun(client: Client): Promise<{ run: string; resumed: boolean }> {
  for (const state of ['waiting', 'running', 'queued']) {
    const { runs } = await client.call('GET', `/v1/runs?state=${state}&workflow=${WORKFLOW}&limit=1`);
    if (runs.length > 0) return { run: runs[0].id, resumed: true };
  }
  const run = await client.call('POST', '/v1/runs', { workflow: WORKFLOW, input: { case_id: CASE } });
  return { run: run.id, resumed: false };
}

async function decide(ask: {
  here: GlobalOptions;
  approval: string;
  closed: AbortSignal;
  signal: AbortSignal;
  print: (line?: string) => void;
  yes: boolean;
}): Promise<boolean> {
  const { here, approval, print } = ask;
  const lead = await signIn({ ...here, as: 'lead' }, 'approver');
  const view = await lead.client.call('GET', `/v1/approvals/${approval}`);
  // An old approval that is seen again in the events of a resumed run is closed already.
  if (view.approval.state !== 'pending') return true;
  print(`\n${renderApproval(view)}\n`);
  if (!ask.yes) {
    print(style('dim', `Answer here, or in another terminal: npx portreeve approvals approve ${approval}`));
  }
  const verdict = ask.yes ? 'approve' : await askPerson(ask.closed, ask.signal);
  if (verdict === null) return true;
  print(`${lead.name} signs: ${verdict}`);
  await give(lead, view, verdict);
  return true;
}

async function give(
  lead: SignedInClient,
  view: { approval: { id: string } },
  verdict: 'approve' | 'deny',
): Promise<void> {
  const signed = await signVerdict(lead, view, verdict, 'I have read it in the demonstration.');
  await lead.client.call('POST', `/v1/approvals/${view.approval.id}/verdicts`, signed);
}

/** Asks in the terminal; null where somebody else answered, or where there is nobody to ask. */
async function askPerson(closed: AbortSignal, stopping: AbortSignal): Promise<'approve' | 'deny' | null> {
  if (!process.stdin.isTTY) return null;
  const { isCancel, select } = await import('@clack/prompts');
  const answer = await select({
    message: 'As lead, do you approve that exactly this is published?',
    options: [
      { value: 'deny', label: 'Deny' },
      { value: 'approve', label: 'Approve and sign' },
    ],
    signal: AbortSignal.any([closed, stopping]),
  });
  if (!isCancel(answer)) return answer as 'approve' | 'deny';
  // The prompt takes Ctrl-C for itself; it means the same here as everywhere.
  if (!closed.aborted && !stopping.aborted) process.kill(process.pid, 'SIGINT');
  return null;
}

interface Proof {
  readonly ok: boolean;
  readonly records: number;
  readonly receipt: string | null;
  readonly problem: string | null;
}

/** A line of the receipt as a screen can hold it: a signature that a quantum computer does not break has thousands of letters. */
function onOneLine(line: string): string {
  return line.length > 150 ? `  ${line.slice(0, 80)}… (${line.length} characters, in the file)` : `  ${line}`;
}

/** The receipt of the delivery, checked against the log's public key, and the whole log verified. */
async function prove(ask: {
  here: GlobalOptions;
  state: string;
  run: string;
  result: number | null;
  print: (line?: string) => void;
}): Promise<Proof> {
  const auditor = await signIn({ ...ask.here, as: 'auditor' }, 'auditor');
  let receiptFile: string | null = null;
  if (ask.result !== null) {
    const receipt = await auditor.client.call('GET', `/v1/audit/proof/${ask.result}`);
    const { verifyReceipt } = await import('@portreeve/verify');
    const checked = await verifyReceipt(receipt.proof, receipt.entry, [receipt.vkey]);
    await mkdir(join(ask.state, 'receipts'), { recursive: true });
    receiptFile = join(ask.state, 'receipts', `${ask.run}.tlog-proof`);
    await writeFile(receiptFile, receipt.proof);
    ask.print(`\n${style('bold', 'Receipt')} of the result (record ${ask.result}), kept in ${receiptFile}`);
    ask.print(style('dim', receipt.proof.trimEnd().split('\n').map(onOneLine).join('\n')));
    if (!checked.ok)
      return { ok: false, records: 0, receipt: receiptFile, problem: checked.problem ?? 'the receipt does not verify' };
  }
  const report = await auditor.client.call('POST', '/v1/audit/verify');
  ask.print(
    report.ok
      ? `\n${style('green', '✓')} the log verifies: ${report.size} records, ${report.checkpoints} signed checkpoints`
      : `\n${style('red', '✗')} the log does not verify: ${report.problem}`,
  );
  return { ok: report.ok, records: report.size, receipt: receiptFile, problem: report.problem };
}

function whatNext(run: string, published: boolean, proof: Proof, staysUp: boolean): void {
  console.log(`\n${published ? style('green', '✓ published, once, as approved') : style('yellow', 'not published')}\n`);
  console.log(style('bold', 'Try next'));
  if (!staysUp)
    console.log(
      '  npx portreeve up --demo                              start it and stay up; then, in another terminal:',
    );
  console.log(`  npx portreeve audit search --run ${run}   every step of this run`);
  console.log('  npx portreeve audit export --out export               then: npx portreeve-verify export   (offline)');
  console.log('  npx portreeve run incident-summary --input FILE.jsonl  your own event logs, one JSON event a line');
  console.log('  npx portreeve approvals list                          what waits for a person');
  console.log('  npx portreeve doctor                                  what is loaded and whether it is well');
  if (staysUp && proof.ok) console.log('\nPortreeve stays up; Ctrl-C stops it.');
}
