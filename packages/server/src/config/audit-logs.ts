import type { LogRoutes } from '@portreeve/audit/writer';
import { MAIN_LOG, PortreeveError, type ProjectConfig } from '@portreeve/contract';

/** A log as the configuration declares it. */
export interface DeclaredLog {
  readonly name: string;
  readonly origin: string;
  readonly workflows: readonly string[];
}

/** The logs of the configuration. */
export function logsOf({ log_origin, audit }: Pick<ProjectConfig, 'log_origin' | 'audit'>): {
  readonly main: DeclaredLog;
  /** By name. */
  readonly others: readonly DeclaredLog[];
} {
  const others = Object.entries(audit.logs).map(([name, log]) => ({ name, ...log }));
  return {
    main: { name: MAIN_LOG, origin: log_origin, workflows: [] },
    others: others.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** Which log a record goes into. */
export function routesOf(config: Pick<ProjectConfig, 'log_origin' | 'audit'>): LogRoutes {
  const { main, others } = logsOf(config);
  const byWorkflow = others.flatMap(({ origin, workflows }) => workflows.map((name) => [name, origin] as const));
  return { main: main.origin, originByWorkflow: new Map(byWorkflow) };
}

/** Where the files of a log lie beside those of the main one. */
export const folderOf = (log: string): string => `logs/${log}`;

/**
 * Throws `misconfigured` where a log is for a workflow that there is not, or where this database has records that the
 * configuration would not find again: of a log that it does not name, or of a workflow in another log than its own.
 * INVARIANT: what is recorded of a workflow is in one log for ever, so that no run lies in two, and a key that was used
 * once is looked for where it was used.
 */
export async function checkLogs(
  config: Pick<ProjectConfig, 'log_origin' | 'audit'>,
  workflows: readonly string[],
  present: PresentLogs,
): Promise<void> {
  const { main, others } = logsOf(config);
  for (const { name, workflows: own } of others)
    for (const workflow of own)
      if (!workflows.includes(workflow))
        throw misconfigured(
          `The log ${name} is for the workflow ${workflow}, and there is none.`,
          'Name one of `workflows`.',
        );
  const declared = new Set([main, ...others].map(({ origin }) => origin));
  const stored = await present.origins();
  const unknown = stored.find((origin) => !declared.has(origin));
  if (unknown !== undefined)
    throw misconfigured(
      `This database holds the log ${unknown}, and the configuration does not name it.`,
      'Name it again (`log_origin`, `audit.logs`), or begin another log on an empty database.',
    );
  const { originByWorkflow } = routesOf(config);
  for (const origin of stored)
    for (const workflow of await present.workflows(origin))
      if ((originByWorkflow.get(workflow) ?? main.origin) !== origin)
        throw misconfigured(
          `What is recorded of the workflow ${workflow} is in the log ${origin}, and the configuration names another one.`,
          'A workflow stays in its log: put it back, and give a log of its own to a workflow of a new name.',
        );
}

const misconfigured = (detail: string, next: string) => new PortreeveError('misconfigured', detail, { next });

/** What a database holds of logs. */
export interface PresentLogs {
  origins(): Promise<string[]>;
  /** The workflows whose records stand in a log. */
  workflows(origin: string): Promise<string[]>;
}
