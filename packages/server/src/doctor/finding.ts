/** Everything that `portreeve doctor` looks at, and what each is called. */
export const CHECKS = {
  'node-version': 'Node',
  project: 'the project and its configuration',
  policies: 'the policy files',
  'plain-credentials': 'credentials in environment variables',
  'sign-in': 'whether anybody can sign in',
  'state-folder': 'the state folder',
  holder: 'who holds the state folder',
  'keys-missing': 'the keys of this installation',
  'key-files': 'the files of keys, and who may read them',
  'core-dumps': 'whether a crash writes the memory of this process to a file',
  disk: 'room on the disk of the state folder',
  secrets: 'the secrets that the configuration names',
  database: 'whether the database answers',
  'database-version': 'the version of PostgreSQL',
  connections: 'how many more connections the database gives',
  schema: 'the schema of the database',
  clock: 'this clock against that of the database',
  'role-rights': 'the rights of the database roles',
  unplaced: 'records that wait for their place in the log',
  'run-queue': 'runs that wait to begin',
  systems: 'whether systems can be reached',
  certificates: 'when certificates of systems expire',
  models: 'whether model endpoints answer',
  checkpoints: 'whether the head of each log is signed',
  reviews: 'reviews of agents',
  exceptions: 'exceptions that are over',
  handoffs: 'work that waits for people',
  unknown: 'actions whose outcome nobody knows',
  frozen: 'what is frozen',
  executors: 'executors that run apart',
  gatekeepers: 'gatekeepers that run apart',
  reasoners: 'reasoners that run apart',
} as const;
export type CheckName = keyof typeof CHECKS;

export interface Finding {
  readonly check: CheckName;
  readonly ok: boolean;
  /** In words, and bounded: no secret, and nothing that a stranger wrote. */
  readonly detail: string;
  /** What mends it, exactly; null where nothing is wrong. */
  readonly fix: string | null;
}

export const well = (check: CheckName, detail: string): Finding => ({ check, ok: true, detail, fix: null });
export const fault = (check: CheckName, detail: string, fix: string): Finding => ({ check, ok: false, detail, fix });

/** The faults of a check, or that there is none. */
export const orWell = (check: CheckName, faults: readonly Finding[], detail: string): Finding[] =>
  faults.length > 0 ? [...faults] : [well(check, detail)];
