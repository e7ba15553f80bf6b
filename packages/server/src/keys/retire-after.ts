/** A root key that was made is newest for so long before earlier ones go: a process may be wrapping with one. */
export const RETIRE_AFTER_MS = 60_000;
