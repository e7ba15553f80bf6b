export type { Api, Problem } from './api.ts';
export { type ApiClient, ApiProblem, createClient, type Query } from './client.ts';
