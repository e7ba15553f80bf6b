/**
 * The threat model as data. A control is what tests show: each threat names the test files, or the requirements whose
 * tests begin with that id, that would fail without it; or it is accepted, with the reason. `threats.test.ts` holds every
 * name to a test that runs, and writes docs/threat-model.md.
 */
export const STRIDE = ['spoofing', 'tampering', 'repudiation', 'disclosure', 'denial', 'elevation'] as const;
export type Stride = (typeof STRIDE)[number];

/** `T7`; it never changes, because tests and decisions name it. */
export type ThreatId = `T${number}`;

export interface Threat {
  readonly id: ThreatId;
  readonly threat: string;
  readonly control: string;
  /**
   * What shows the control: `INV4` or `F7` (tests whose names begin so), a file of tests, or `FILE # NAME` with the
   * beginning of a test's name.
   */
  readonly shown_by: readonly string[];
  /** Of OWASP: ASI01 to ASI10 (agentic applications 2026), LLM01 to LLM10 (LLM applications 2026). */
  readonly owasp: readonly string[];
  /** What is left, and why that is borne. A threat that nothing shows must have it. */
  readonly accepted: string | null;
}

export interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly carries: string;
  /** Which threats there are on it; every kind is answered. */
  readonly threats: Readonly<Record<Stride, readonly ThreatId[]>>;
}

/** What is worth attacking. */
export const ASSETS = [
  'the right to act on systems downstream',
  'the credentials for it, and the keys that sign',
  'confidential and personal data in sources',
  'the record, and what proves it',
  'people’s attention, on which approvals rest',
] as const;

/** Who may attack, and who is trusted. */
export const ACTORS = {
  trusted: [
    'the machine and its kernel, PostgreSQL, Node, the pinned packages',
    'the keys in `.portreeve/` and who may read them',
    'the authors of workflow code and of policy, as far as a release and its owners’ approvals bind them',
  ],
  not_trusted: [
    'models and what they answer',
    'everything that a source, a tool or an upstream returns',
    'requesters beyond their roles, approvers beyond their groups, agents beyond their owners’ leave',
    'who holds one database role or one process, beyond that role',
    'every network peer',
  ],
} as const;

/** Where something from outside comes in. */
export const ENTRIES = [
  'the API and the console (`/v1`, pages)',
  '`/mcp` and `POST /v1/proposals`, for agents outside',
  'sign-in at identity providers, tokens of workloads, token exchange',
  'sources: files, HTTP, attachments, documents',
  'answers of model endpoints',
  'answers of tools, definitions and results of upstream MCP servers',
  'the database, for who has a login there',
  'the project’s folder and the state folder',
] as const;
