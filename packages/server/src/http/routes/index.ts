import type { Route } from '../route.ts';
import { agentRoutes } from './agents.ts';
import { approvalRoutes } from './approvals.ts';
import { auditRoutes } from './audit.ts';
import { authzenRoutes } from './authzen.ts';
import { environmentRoutes } from './environment.ts';
import { erasureRoutes } from './erasure.ts';
import { oauthRoutes } from './oauth.ts';
import { oidcRoutes } from './oidc.ts';
import { policyRoutes } from './policy.ts';
import { publicRoutes } from './public.ts';
import { queueRoutes } from './queue.ts';
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
  ...tokenRoutes,
  ...agentRoutes,
  ...runRoutes,
  ...approvalRoutes,
  ...queueRoutes,
  ...undoRoutes,
  ...environmentRoutes,
  ...auditRoutes,
  ...tlogRoutes,
  ...erasureRoutes,
  ...revealRoutes,
  ...policyRoutes,
  ...authzenRoutes,
  ...systemRoutes,
];
