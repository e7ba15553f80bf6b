import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../failure.ts';
import { printable, sayMore, style, table } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

type Run<O> = (action: (options: O, word: string) => Promise<number>) => (...args: unknown[]) => Promise<void>;
type ReasonOptions = GlobalOptions & { readonly reason: string };
type AttestOptions = GlobalOptions & { readonly signingState?: string; readonly out?: string };
type ShowOptions = GlobalOptions & { readonly after?: string };
type RollbackOptions = ReasonOptions & { readonly to?: string };

// biome-ignore lint/suspicious/noExplicitAny: an answer of the API
type Answer = any;

/** The register of releases of an installation, and how a release comes into production and out of it. */
export function addReleaseRegister(group: Command, run: Run<never>): void {
  group
    .command('show')
    .description(
      'the register of releases; or one release: its evidence, what it lacks, how it came to where it stands',
    )
    .argument('[release]')
    .option('--after <release>', 'of the register: continue behind this one')
    .action((run as Run<ShowOptions>)(show));
  group
    .command('add')
    .description('add a signed bundle to the register; nothing runs it by that')
    .argument('<bundle>', 'a file of `release build`')
    .action((run as Run<GlobalOptions>)(add));
  group
    .command('attest')
    .description('sign a report of tests or of a red team with the release key, and attach it to its release')
    .argument('<report>', 'a file of `portreeve test --report` or `portreeve redteam --report`')
    .option('--signing-state <folder>', 'the state folder with the release key (default: that of --state)')
    .option('--out <file>', 'write the signed report there and send it nowhere')
    .action((run as Run<AttestOptions>)(attest));
  moving(group, run, 'test', 'let a release be tested: from added to testing', (release, reason) => [
    `/v1/releases/${release}/events`,
    { event: 'test', reason },
  ]);
  moving(group, run, 'retire', 'give a release up before it comes into production', (release, reason) => [
    `/v1/releases/${release}/events`,
    { event: 'retire', reason },
  ]);
  moving(group, run, 'withdraw', 'end the pilot of a release: the one before serves everybody', (release, reason) => [
    `/v1/releases/${release}/events`,
    { event: 'withdraw', reason },
  ]);
  moving(
    group,
    run,
    'promote',
    'ask that a release go on: to staging, by its rollout, into production',
    (release, reason) => [`/v1/releases/${release}/promotions`, { reason }],
  );
  moving(group, run, 'bar', 'bar a release for ever: no run of it starts or goes on', (release, reason) => [
    `/v1/releases/${release}/bar`,
    { reason },
  ]);
  group
    .command('rollback')
    .description('let new runs take a release again that was in production before')
    .argument('<workflow>')
    .option('--to <release>', 'which one (default: the one before this)')
    .requiredOption('--reason <text>', 'why; kept on record')
    .action((run as Run<RollbackOptions>)(rollback));
}

function moving(
  group: Command,
  run: Run<never>,
  name: string,
  description: string,
  request: (release: string, reason: string) => [path: string, body: object],
): void {
  const action = async (options: ReasonOptions, release: string): Promise<number> => {
    const { client } = await signIn(options, 'operator');
    const [path, body] = request(encodeURIComponent(release), options.reason);
    return told(options, await client.call('POST', path, body));
  };
  group
    .command(name)
    .description(description)
    .argument('<release>')
    .requiredOption('--reason <text>', 'why; kept on record')
    .action((run as Run<ReasonOptions>)(action));
}

async function add(options: GlobalOptions, file: string): Promise<number> {
  const bundle = await readFile(resolve(file), 'utf8');
  const { client } = await signIn(options, 'operator');
  return told(options, await client.call('POST', '/v1/releases', { bundle }));
}

async function attest(options: AttestOptions, file: string): Promise<number> {
  const { sealReportFile } = await import('@portreeve/server');
  const seal = () => sealReportFile(resolve(file), resolve(options.signingState ?? options.state));
  if (options.out !== undefined) {
    const sealed = await seal();
    await writeFile(resolve(options.out), sealed.text);
    if (options.json) console.log(JSON.stringify({ release: sealed.release, file: options.out }));
    else console.log(`${style('green', '✓')} ${printable(options.out)}: signed by ${sealed.signed_by}`);
    return EXIT.done;
  }
  const { client } = await signIn(options, 'operator');
  const sealed = await seal();
  const path = `/v1/releases/${encodeURIComponent(sealed.release)}/evidence`;
  const evidence = await client.call('POST', path, { report: sealed.text });
  if (options.json) console.log(JSON.stringify(evidence));
  else console.log(evidenceLine(evidence));
  return evidence.ok ? EXIT.done : EXIT.failed;
}

async function rollback(options: RollbackOptions, workflow: string): Promise<number> {
  const { client } = await signIn(options, 'operator');
  const body = { reason: options.reason, ...(options.to === undefined ? {} : { to: options.to }) };
  return told(options, await client.call('POST', `/v1/workflows/${encodeURIComponent(workflow)}/rollbacks`, body));
}

async function show(options: ShowOptions, release: string | undefined): Promise<number> {
  const { client } = await signIn(options, 'operator');
  if (release !== undefined)
    return told(options, await client.call('GET', `/v1/releases/${encodeURIComponent(release)}`));
  const query = new URLSearchParams({ limit: '200', ...(options.after === undefined ? {} : { after: options.after }) });
  const { active, releases, next } = await client.call('GET', `/v1/releases?${query}`);
  if (options.json) console.log(JSON.stringify({ active, releases, next }));
  else {
    const rows = releases.map((each: Answer) =>
      [each.workflow, each.version, each.state, each.origin, each.release].map(printable),
    );
    if (rows.length > 0) console.log(table(rows));
    sayMore(next);
    const says = active === 'promoted' ? 'what is in production' : 'what the project’s files are';
    console.log(style('dim', `New runs take ${says}.`));
  }
  return EXIT.done;
}

/** What became of a release or of a request, and the exit code that goes with it. */
function told(options: GlobalOptions, answer: Answer): number {
  if (options.json) console.log(JSON.stringify(answer));
  else if (typeof answer.proposal === 'string') printRequest(answer);
  else printRelease(answer);
  if (answer.status === 'waiting' || answer.status === 'running') return EXIT.waiting;
  return answer.status === undefined || answer.status === 'succeeded' ? EXIT.done : EXIT.failed;
}

function printRequest({ tool, release, status, approval, reason }: Answer): void {
  const mark = status === 'succeeded' ? style('green', '✓') : status === 'waiting' ? '…' : style('red', '✗');
  console.log(`${mark} ${printable(tool)} ${printable(release)}: ${printable(status)}`);
  if (status === 'waiting') console.log(`  its owners decide: portreeve approvals show ${printable(approval)}`);
  else if (reason) console.log(`  ${printable(reason)}`);
}

const evidenceLine = ({ kind, ok, cases, ended, signed_by, evidence }: Answer): string =>
  `${ok ? style('green', '✓') : style('red', '✗')} ${kind}: ${cases} cases, ended ${ended}, signed by ${printable(signed_by.join(', '))}, ${evidence}`;

const printUnmet = (unmet: readonly Answer[]): void => {
  for (const { path, message } of unmet) console.log(`  ${style('red', '✗')} ${path}: ${printable(message)}`);
};

function printPilot({ step, steps, serves, minutes, taken, ended, failed, unmet }: Answer): void {
  console.log(`  step ${step} of ${steps}: ${printable(serves)}`);
  console.log(
    `  since ${minutes} minutes: ${taken} runs, ${ended} ended, ${failed} of them failed or left to a person`,
  );
  printUnmet(unmet);
}

function printRelease(answer: Answer): void {
  const { workflow, version, state, release, risk, signed_by, evidence, lacks, pilot, moves } = answer;
  console.log(`${style('bold', printable(workflow))} ${printable(version)} (${risk} risk): ${state}`);
  console.log(`  ${release}`);
  console.log(`  ${signed_by.length === 0 ? 'not signed' : `signed by ${printable(signed_by.join(', '))}`}`);
  for (const each of evidence ?? []) console.log(`  ${evidenceLine(each)}`);
  if (pilot) printPilot(pilot);
  if (['testing', 'staging', 'pilot'].includes(state)) printUnmet(lacks ?? []);
  for (const { event, from, to, at, reason } of moves ?? [])
    console.log(`  ${at} ${event}: ${from} → ${to} (${printable(reason)})`);
}
