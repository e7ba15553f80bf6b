/** A server belongs to one of these, and so does each of its keys, tokens and grants (requirement B6). */
export const ENVIRONMENTS = ['development', 'test', 'staging', 'production'] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];
