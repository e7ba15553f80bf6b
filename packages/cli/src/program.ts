import { Command, CommanderError } from 'commander';
import { addApprovals } from './commands/approvals.ts';
import { addAudit } from './commands/audit.ts';
import { addBackup } from './commands/backup.ts';
import { addChanges } from './commands/changes.ts';
import { addCheck } from './commands/check.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDrift } from './commands/drift.ts';
import { addDrill } from './commands/drill.ts';
import { addEvidence } from './commands/evidence.ts';
import { addFreeze } from './commands/freeze.ts';
import { addHook } from './commands/hook.ts';
import { addIdentity } from './commands/identity/index.ts';
import { addInit } from './commands/init.ts';
import { addKeys } from './commands/keys.ts';
import { addMcp } from './commands/mcp.ts';
import { addMigrate } from './commands/migrate.ts';
import { addNotifications } from './commands/notifications.ts';
import { addOversight } from './commands/oversight.ts';
import { addPolicy } from './commands/policy.ts';
import { addQueue } from './commands/queue.ts';
import { addRedTeam } from './commands/redteam.ts';
import { addRegister } from './commands/register.ts';
import { addRelease } from './commands/release.ts';
import { addRun } from './commands/run.ts';
import { addSecrets } from './commands/secrets.ts';
import { addServe } from './commands/serve.ts';
import { addSource } from './commands/source.ts';
import { addTest } from './commands/test.ts';
import { addTool } from './commands/tool.ts';
import { addUndo } from './commands/undo.ts';
import { addUp } from './commands/up.ts';
import { EXIT, reportFailure, reportUsage } from './failure.ts';
import type { GlobalOptions } from './session.ts';

/** The command line as data: commander's tree. `finish` is told the exit code of the command that ran. */
export function buildProgram(finish: (code: number) => void): Command {
  const program = new Command('portreeve')
    .description(
      'Let Claude act where mistakes are expensive: one gate, people approve what matters, everything is on the record.',
    )
    .option('--version', 'print the version, and its core: versions with the same one carry each other’s releases')
    .option('--json', 'one JSON document on standard output')
    .option('--server <url>', 'a running Portreeve (default: the one on the state folder, else http://127.0.0.1:7410)')
    .option('--state <folder>', 'state folder', '.portreeve')
    .option('--as <name>', 'who acts: a local account, or one whose password is asked for')
    .showHelpAfterError('(portreeve --help shows the commands)')
    .exitOverride();

  /** Runs an action with the options of the command and of the program, and turns what it throws into an exit code. */
  const run =
    <O extends GlobalOptions>(action: (options: O, ...args: never[]) => Promise<number>) =>
    async (...received: unknown[]): Promise<void> => {
      const command = received.at(-1) as Command;
      const options = command.optsWithGlobals() as O;
      try {
        finish(await action(options, ...(received.slice(0, -2) as never[])));
      } catch (error) {
        finish(reportFailure(error, options.json === true));
      }
    };

  addUp(program, run as never);
  addServe(program, run as never);
  addMigrate(program, run as never);
  addInit(program, run as never);
  addCheck(program, run as never);
  addTest(program, run as never);
  addRun(program, run as never);
  addApprovals(program, run as never);
  addUndo(program, run as never);
  addQueue(program, run as never);
  addOversight(program, run as never);
  addFreeze(program, run as never);
  addDrill(program, run as never);
  addDrift(program, run as never);
  addRedTeam(program, run as never);
  addIdentity(program, run as never);
  addPolicy(program, run as never);
  addRelease(program, run as never);
  addChanges(program, run as never);
  addAudit(program, run as never);
  addEvidence(program, run as never);
  addRegister(program, run as never);
  addBackup(program, run as never);
  addNotifications(program, run as never);
  addSecrets(program, run as never);
  addKeys(program, run as never);
  addSource(program, run as never);
  addTool(program, run as never);
  addMcp(program, run as never);
  addHook(program, run as never);
  addDoctor(program, run as never);
  return program;
}

/** Parses and runs. Gives the exit code: 0 done, 1 refused or failed, 2 usage, 3 waiting for a person. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  if (argv[0] === '--version') {
    const { CORE, VERSION } = await import('@portreeve/server/version');
    console.log(`${VERSION} (core ${CORE})`);
    return code;
  }
  const program = buildProgram((result) => {
    code = result;
  });
  const withOptions = (command: Command) => {
    for (const sub of command.commands) {
      // `--json` and its like are understood before and behind the command's name.
      sub.exitOverride().configureHelp({ showGlobalOptions: true });
      withOptions(sub);
    }
  };
  withOptions(program);
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    const json = argv.includes('--json');
    if (!(error instanceof CommanderError)) return reportFailure(error, json);
    if (error.exitCode === 0) return EXIT.done;
    // Commander has said it on standard error already.
    if (json) reportUsage(error.message);
    return EXIT.usage;
  }
  return code;
}
