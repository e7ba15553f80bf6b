/**
 * What a change of surface is about (requirement H2). `release`: a release that is to go on, against the one in production.
 * `definition`: a tool of an upstream MCP server. `configuration`: rules, rights, tools, sources and model endpoints that a
 * server was started with. `model`: the version by which a model answers.
 */
export const CHANGE_KINDS = ['release', 'definition', 'configuration', 'model'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/**
 * Where a change stands. `open`: nobody has decided. `approved`: its owners have. `settled`: an approval that stands
 * elsewhere, of the release or of the definition, was the one. `rejected`: a person said no; while what was changed is in
 * force it counts as not reviewed. `withdrawn`: there is nothing to decide any more.
 */
export const CHANGE_STATES = ['open', 'approved', 'rejected', 'settled', 'withdrawn'] as const;
export type ChangeState = (typeof CHANGE_STATES)[number];

export const CHANGE_EVENTS = ['approve', 'reject', 'settle', 'withdraw'] as const;
export type ChangeEvent = (typeof CHANGE_EVENTS)[number];

/** What no release and no definition brings, so that its owners approve it here. */
export const IN_FORCE_KINDS = ['configuration', 'model'] as const satisfies readonly ChangeKind[];

/** Pieces of a surface: those of releases, and what lies outside of them. */
export const SURFACE_AREAS = [
  'workflow',
  'tools',
  'sources',
  'models',
  'policies',
  'identity rights',
  'upstream definitions',
  'model versions',
  'prompts',
  'code',
  'tests',
  'acceptable use',
  'components',
] as const;
export type SurfaceArea = (typeof SURFACE_AREAS)[number];

/** One thing that is otherwise than before. */
export interface ChangePiece {
  readonly area: SurfaceArea;
  /** In words, one line. */
  readonly text: string;
  /** More may be done, seen or sent than before; where that cannot be told, it counts so. */
  readonly loosens: boolean;
  /** Lines to read: of a text those that were taken out (`-`) and put in (`+`). */
  readonly lines: readonly string[];
  /** Of what shows planted cases: told in full to auditors and administrators, and without them to all others. */
  readonly told_to?: 'overseers' | 'others';
}
