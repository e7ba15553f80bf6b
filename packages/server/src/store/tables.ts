/**
 * All tables, by name. Each adapter adds its own beside its queries:
 * `declare module './tables.ts' { interface Tables { runs: RunsTable } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging, see above
export interface Tables {}
