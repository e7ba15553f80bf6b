import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  parseSearchWith,
  redirect,
  stringifySearchWith,
} from '@tanstack/react-router';
import { codeOf, forgetPerson, onSignedOut, queryClient } from '../api/client.ts';
import { isApproval, returning, sessionQuery } from '../api/session.ts';
import { Failure, Loading } from '../ui/states.tsx';
import { firstArea } from './areas.ts';
import { Missing } from './missing.tsx';
import { Shell } from './shell.tsx';
import { textsOf } from './url-state.ts';

const root = createRootRoute({ component: Outlet, notFoundComponent: Missing });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('../pages/sign-in.tsx'), 'SignIn'),
});

/** Every page but the sign-in: somebody is signed in, or is asked to. */
const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      return { session: await queryClient.ensureQueryData(sessionQuery) };
    } catch (error) {
      if (codeOf(error) !== 'not_signed_in') throw error;
      returning.keep(location.href);
      throw redirect({ to: '/sign-in' });
    }
  },
});

const home = createRoute({
  getParentRoute: () => app,
  path: '/',
  beforeLoad: ({ context }) => {
    const back = returning.take();
    if (isApproval(back)) throw redirect({ href: back, reloadDocument: true, replace: true });
    throw redirect({ to: back === '/' ? firstArea(context.session.may) : back, replace: true });
  },
});

function page<M extends Record<string, unknown>>(path: string, load: () => Promise<M>, name: keyof M & string) {
  return createRoute({
    getParentRoute: () => app,
    path,
    validateSearch: textsOf,
    component: lazyRouteComponent(load as () => Promise<Record<string, React.ComponentType>>, name),
  });
}

const pages = [
  page('/inbox', () => import('../pages/inbox.tsx'), 'Inbox'),
  page('/queue', () => import('../pages/queue.tsx'), 'Queue'),
  page('/queue/$id', () => import('../pages/handoff.tsx'), 'HandoffPage'),
  page('/dashboard', () => import('../pages/dashboard.tsx'), 'Dashboard'),
  page('/runs', () => import('../pages/runs.tsx'), 'Runs'),
  page('/runs/$id', () => import('../pages/run.tsx'), 'RunPage'),
  page('/oversight', () => import('../pages/oversight.tsx'), 'OversightPage'),
  page('/audit', () => import('../pages/audit.tsx'), 'Audit'),
  page('/audit/$place', () => import('../pages/record.tsx'), 'RecordPage'),
  page('/replay/$run', () => import('../pages/replay.tsx'), 'Replay'),
  page('/environment', () => import('../pages/environment.tsx'), 'EnvironmentPage'),
  page('/releases', () => import('../pages/releases.tsx'), 'Releases'),
  page('/releases/$release', () => import('../pages/release.tsx'), 'ReleasePage'),
  page('/releases/$release/reports/$evidence', () => import('../pages/release-report.tsx'), 'ReportPage'),
  page('/changes', () => import('../pages/changes.tsx'), 'Changes'),
  page('/changes/$change', () => import('../pages/change.tsx'), 'ChangePage'),
  page('/policy', () => import('../pages/policy.tsx'), 'PolicyPage'),
  page('/readiness', () => import('../pages/readiness.tsx'), 'ReadinessPage'),
  page('/red-team', () => import('../pages/red-team.tsx'), 'RedTeam'),
  page('/drift', () => import('../pages/drift.tsx'), 'DriftPage'),
  page('/evidence', () => import('../pages/evidence.tsx'), 'EvidencePage'),
  page('/workflows', () => import('../pages/workflows.tsx'), 'Workflows'),
  page('/workflows/$name', () => import('../pages/workflow.tsx'), 'WorkflowPage'),
  page('/tools', () => import('../pages/tools.tsx'), 'Tools'),
  page('/identities', () => import('../pages/identities.tsx'), 'Identities'),
  page('/settings', () => import('../pages/settings.tsx'), 'Settings'),
];

export const router = createRouter({
  routeTree: root.addChildren([signIn, app.addChildren([home, ...pages])]),
  parseSearch: parseSearchWith((value) => value),
  stringifySearch: stringifySearchWith(String),
  defaultPendingComponent: () => <Loading what="the page" />,
  defaultErrorComponent: ({ error, reset }) => <Failure error={error} retry={reset} />,
  defaultPreload: false,
});

onSignedOut.lead = () => {
  const { pathname, href } = router.state.location;
  if (pathname === '/sign-in') return;
  returning.keep(href);
  void router.navigate({ to: '/sign-in' }).then(() => forgetPerson());
};
