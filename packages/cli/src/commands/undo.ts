import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import { EXIT, UsageError } from '../failure.ts';
import { printable, style } from '../output.ts';
import { type GlobalOptions, signIn } from '../session.ts';

interface UndoOptions extends GlobalOptions {
  readonly reason: string;
  readonly wait?: boolean;
}

export function addUndo(
  program: Command,
  run: (action: (options: UndoOptions, id: string) => Promise<number>) => (...args: unknown[]) => Promise<void>,
): void {
  program
    .command('undo')
    .description('ask that what an execution did be taken back, or all that a run did, latest first')
    .argument('<execution-or-run>', 'exec_… or run_…')
    .option('--reason <text>', 'why, for the people who decide and for the record', 'asked for at the command line')
    .option('--wait', 'also wait while a person decides')
    .action(run(undo));
}

const LOOK_MS = 500;

async function undo(options: UndoOptions, id: string): Promise<number> {
  const [kind] = /^(exec|run)_/.exec(id) ?? [];
  if (!kind) throw new UsageError(`${id} is no execution (exec_…) and no run (run_…).`);
  const path = `/v1/${kind === 'run_' ? 'runs' : 'executions'}/${encodeURIComponent(id)}/undo`;
  const { client } = await signIn(options, 'requester');
  let now = await client.call('POST', path, { reason: options.reason });
  while (options.wait && isUnderWay(now.state)) {
    await delay(LOOK_MS);
    now = await client.call('GET', path);
  }
  if (options.json) console.log(JSON.stringify(now));
  else for (const line of kind === 'run_' ? unwindingLines(now) : undoLines(now)) console.log(line);
  if (isUnderWay(now.state)) return EXIT.waiting;
  const isDone = now.state === 'undone' || (now.state === 'unwound' && now.left.length === 0);
  return isDone ? EXIT.done : EXIT.failed;
}

const isUnderWay = (state: string): boolean => state === 'requested' || state === 'unwinding';

// biome-ignore lint/suspicious/noExplicitAny: as the API answers it
function undoLines(undo: any): string[] {
  const tool = printable(undo.tool);
  switch (undo.state) {
    case 'undone':
      return [`${style('green', '✓')} ${tool} is undone by ${undo.by_proposal}.`];
    case 'requested':
      return undo.approval
        ? [`${style('yellow', 'Waiting for a person:')} npx portreeve approvals approve ${undo.approval}   (or deny)`]
        : [`${style('yellow', 'Under way:')} ${undo.by_proposal}`];
    default:
      return [
        `${style('red', '✗')} ${tool} is not undone (${undo.state}): ${printable(undo.why ?? '')}`,
        ...(undo.handoff ? [`  npx portreeve queue show ${undo.handoff}`] : []),
      ];
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as the API answers it
function unwindingLines({ state, undone, left, ahead, handoff }: any): string[] {
  const head = `${undone.length} undone, ${left.length} stand`;
  if (state === 'unwinding') return [`${style('yellow', 'Under way:')} ${head}, ${ahead.length} to go.`];
  const mark = state === 'unwound' && left.length === 0 ? style('green', '✓') : style('red', '✗');
  return [
    `${mark} ${state}: ${head}.`,
    ...left.map((each: { tool: string; why: string }) => `  ${printable(each.tool)}: ${printable(each.why)}`),
    ...(handoff ? [`  npx portreeve queue show ${handoff}`] : []),
  ];
}
