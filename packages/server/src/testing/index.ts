export { buildApp, OUTSIDE_THE_TABLE } from '../http/app.ts';
export type { Route } from '../http/route.ts';
export { routes } from '../http/routes/index.ts';
export type { Answer, Client, RunEvent } from './client.ts';
export {
  APPROVERS,
  type ShownApproval,
  type SignedInClient,
  type TestServer,
  type TestServerOptions,
  testServer,
  WORKFLOW,
} from './server.ts';
