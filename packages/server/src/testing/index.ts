export { OUTSIDE_THE_TABLE } from '../http/app.ts';
export type { Route } from '../http/route.ts';
export { routes } from '../http/routes/index.ts';
export { testDatabase, withClient } from '../store/testing/database.ts';
export type { Answer, Client } from './client.ts';
export { servedRoutes } from './served-routes.ts';
export {
  type ShownApproval,
  type SignedInClient,
  type TestServer,
  testServer,
  WORKFLOW,
} from './server.ts';
export { caseNoteProject } from './temporary-project.ts';
