/** The areas of the console, in the order of the navigation: what each is for, and the right without which it is not offered. */
export interface Area {
  readonly to: string;
  readonly title: string;
  readonly needs: string;
}

export const AREAS: readonly { readonly title: string; readonly areas: readonly Area[] }[] = [
  {
    title: 'Decide',
    areas: [
      { to: '/inbox', title: 'Inbox', needs: 'approvals.read' },
      { to: '/queue', title: 'Queue', needs: 'queue.read' },
    ],
  },
  {
    title: 'Watch',
    areas: [
      { to: '/dashboard', title: 'Dashboard', needs: 'metrics.read' },
      { to: '/runs', title: 'Runs', needs: 'runs.read' },
      { to: '/oversight', title: 'Oversight', needs: 'oversight.read' },
      { to: '/drift', title: 'Drift', needs: 'metrics.read' },
    ],
  },
  {
    title: 'Prove',
    areas: [
      { to: '/audit', title: 'Record', needs: 'audit.read' },
      { to: '/evidence', title: 'Evidence', needs: 'evidence.read' },
    ],
  },
  {
    title: 'Govern',
    areas: [
      { to: '/environment', title: 'Environment', needs: 'environment.read' },
      { to: '/releases', title: 'Releases', needs: 'releases.read' },
      { to: '/changes', title: 'Changes', needs: 'changes.read' },
      { to: '/policy', title: 'What if', needs: 'policy.replay' },
      { to: '/readiness', title: 'Readiness', needs: 'workflows.readiness' },
      { to: '/red-team', title: 'Red team', needs: 'releases.read' },
      { to: '/workflows', title: 'Workflows', needs: 'workflows.list' },
      { to: '/tools', title: 'Tools and sources', needs: 'workflows.list' },
      { to: '/identities', title: 'Identities', needs: 'agents.read' },
    ],
  },
];

/** Where somebody who comes in lands: the first area that is theirs. */
export function firstArea(may: readonly string[]): string {
  const areas = AREAS.flatMap((group) => group.areas).filter(({ needs }) => may.includes(needs));
  const decides = may.includes('approvals.decide');
  return (
    (decides ? areas.find(({ to }) => to === '/inbox') : areas.find(({ to }) => to !== '/inbox'))?.to ?? '/settings'
  );
}
