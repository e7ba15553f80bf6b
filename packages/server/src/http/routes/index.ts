import type { Route } from '../route.ts';
import { agentRoutes } from './agents.ts';
import { approvalActRoutes } from './approval-acts.ts';
import { confirmationRoutes } from './approval-confirmations.ts';
import { approvalPageRoutes } from './approval-page.ts';
import { approvalRoutes } from './approvals.ts';
import { auditRoutes } from './audit.ts';
import { authzenRoutes } from './authzen.ts';
import { backupRoutes } from './backups.ts';
import { changeRoutes } from './changes.ts';
import { definitionRoutes } from './definitions.ts';
import { driftRoutes } from './drift.ts';
import { environmentRoutes } from './environment.ts';
import { erasureRoutes } from './erasure.ts';
import { evidenceRoutes } from './evidence.ts';
import { figureRoutes } from './figures.ts';
import { mcpRoutes } from './mcp.ts';
import { notificationRoutes } from './notifications.ts';
import { oauthRoutes } from './oauth.ts';
import { oidcRoutes } from './oidc.ts';
import { oversightRoutes } from './oversight.ts';
import { passkeyRoutes } from './passkeys.ts';
import { policyRoutes } from './policy.ts';
import { proposalRoutes } from './proposals.ts';
import { publicRoutes } from './public.ts';
import { queueRoutes } from './queue.ts';
import { readinessRoutes } from './readiness.ts';
import { releaseRoutes } from './releases.ts';
import { revealRoutes } from './reveal.ts';
import { runRoutes } from './runs.ts';
import { sessionRoutes } from './sessions.ts';
import { systemRoutes } from './system.ts';
import { tlogRoutes } from './tlog.ts';
import { tokenRoutes } from './tokens.ts';
import { undoRoutes } from './undo.ts';

/** The whole HTTP API as data: the tests for authorization and for the record walk over it. */
export const routes: readonly Route[] = [
  ...publicRoutes,
  ...oidcRoutes,
  ...oauthRoutes,
  ...sessionRoutes,
  ...passkeyRoutes,
  ...tokenRoutes,
  ...agentRoutes,
  ...runRoutes,
  ...approvalRoutes,
  ...approvalPageRoutes,
  ...approvalActRoutes,
  ...confirmationRoutes,
  ...oversightRoutes,
  ...queueRoutes,
  ...undoRoutes,
  ...proposalRoutes,
  ...mcpRoutes,
  ...definitionRoutes,
  ...releaseRoutes,
  ...changeRoutes,
  ...environmentRoutes,
  ...auditRoutes,
  ...tlogRoutes,
  ...erasureRoutes,
  ...revealRoutes,
  ...backupRoutes,
  ...notificationRoutes,
  ...policyRoutes,
  ...figureRoutes,
  ...driftRoutes,
  ...evidenceRoutes,
  ...readinessRoutes,
  ...authzenRoutes,
  ...systemRoutes,
];
