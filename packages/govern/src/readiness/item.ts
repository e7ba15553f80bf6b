import type {
  Digest,
  EnvironmentName,
  ProjectConfig,
  PromptContract,
  ReleaseReport,
  SourceContract,
  ToolContract,
  WorkflowContract,
} from '@portreeve/contract';
import type { PlainOutcome } from '@portreeve/policy';
import type { StoredChange } from '../change/ports.ts';

/** Everything that readiness looks at. Nothing here is read from anywhere by it. */
export interface ReadinessInput {
  readonly contract: WorkflowContract;
  readonly tools: readonly ToolContract[];
  readonly sources: readonly SourceContract[];
  readonly prompts: readonly PromptContract[];
  readonly release: Digest;
  /** The text of `ACCEPTABLE_USE.md`; null without one. */
  readonly acceptable_use: string | null;
  /** What policy says of the plainest use of each tool. */
  readonly outcomes: readonly PlainOutcome[];
  /** By what the workflow would be less strict than its tiers, a sentence each. */
  readonly looser: readonly string[];
  /** Golden decisions of this workflow. */
  readonly golden_count: number;
  readonly config: Pick<ProjectConfig, 'models' | 'identity' | 'log_origin' | 'audit' | 'secrets' | 'systems'>;
  /** Where it would run. */
  readonly environment: EnvironmentName;
  /** Whatever reports there are; those on other releases count for nothing. */
  readonly reports: readonly ReleaseReport[];
  /** How many people may approve for each group; null where no server is asked. */
  readonly approvers: Readonly<Record<string, number>> | null;
  /** Other releases of this workflow that have been loaded; null where no server is asked. */
  readonly earlier_releases: number | null;
  /** What is in force, touches the workflow and was changed without its owners; null where no server is asked. */
  readonly unreviewed: readonly Pick<StoredChange, 'change' | 'subject' | 'state'>[] | null;
  readonly now: Date;
}

/** What to write, and into which file; `null`: it is done, and written nowhere. */
export interface ReadinessFix {
  readonly file: string | null;
  readonly write: string;
}

export type Finding =
  | { readonly state: 'pass' | 'not_applicable'; readonly reason: string; readonly fix: null }
  | { readonly state: 'fail'; readonly reason: string; readonly fix: ReadinessFix };

/** One thing that must be so before a workflow goes live. */
export type ReadinessItem = Finding & {
  readonly id: string;
  /** The row of the requirements that it is about. */
  readonly requirement: string;
  readonly title: string;
};

export const pass = (reason: string): Finding => ({ state: 'pass', reason, fix: null });
export const notApplicable = (reason: string): Finding => ({ state: 'not_applicable', reason, fix: null });
export const fail = (reason: string, file: string | null, write: string): Finding => ({
  state: 'fail',
  reason,
  fix: { file, write },
});

export const WORKFLOW_FILE = 'workflow.ts';

/** The first few of many, in one line. */
export function few(all: readonly string[], count = 3): string {
  const rest = all.length - count;
  return all.slice(0, count).join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

const PLACEHOLDER =
  /^(?:\W*|to-?do|tbd|fixme|x+|n\/?a|none|unknown|nobody|someone|anyone|owners?|names?|changeme|change-me|placeholder|example|test|foo|bar)$/i;
const EXAMPLE_ADDRESS = /@(?:[^@]*\.)?example\.(?:com|net|org)$/i;

/** Whether somebody has still to write what stands here. */
export function isPlaceholder(text: string): boolean {
  const bare = text.trim();
  return bare.length < 3 || PLACEHOLDER.test(bare) || EXAMPLE_ADDRESS.test(bare);
}

/** The procedure for a prompt, a source or a tool, or the one for all others. */
export function hasProcedure({ procedures }: WorkflowContract, about: string): boolean {
  return Object.hasOwn(procedures, about) || procedures.default !== undefined;
}

export const actsOn = (tools: readonly ToolContract[]): ToolContract[] =>
  tools.filter(({ effect }) => effect !== 'read');
