export { OUTSIDE_THE_TABLE } from '../http/app.ts';
export { APPROVAL_PAGE_SCRIPT, approvalPage } from '../http/pages/approval-page.ts';
export type { Route } from '../http/route.ts';
export { routes } from '../http/routes/index.ts';
export type { ApprovalView } from '../http/views/approval.ts';
export { freePort } from '../store/free-port.ts';
export { emptyTestDatabase, testDatabase, withClient } from '../store/testing/database.ts';
export { openedChange } from './changes.ts';
export type { Answer, Client } from './client.ts';
export { type Downstream, startDownstream } from './downstream.ts';
export { type Fault, type FaultyPostgres, faultyPostgres } from './faulty-postgres.ts';
export { type McpAnswer, mcpRequest } from './mcp-client.ts';
export { FIGURE_IDS, METRIC_LABELS, metricsText } from './metric-names.ts';
export { openApiDocument } from './openapi.ts';
export { decideByPasskey, enrolment, invitationFor, signedByPasskey, withPasskey } from './passkeys.ts';
export { addOwners, approve, type BuiltBundle, type ReleaseShop, releaseShop } from './releases.ts';
export { servedRoutes } from './served-routes.ts';
export {
  AGENT_TOOLSET,
  type ShownApproval,
  type SignedInClient,
  type TestServer,
  type TestServerOptions,
  testServer,
  WORKFLOW,
} from './server.ts';
export { caseNoteProject } from './temporary-project.ts';
