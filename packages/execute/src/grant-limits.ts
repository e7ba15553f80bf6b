/** The workload that may use a grant, where the configuration names no other. */
export const DEFAULT_WORKLOAD = 'portreeve-executor';

/** Characters of a token at the most: it must fit into a header of any downstream. */
export const GRANT_CHARS_MAX = 8192;
