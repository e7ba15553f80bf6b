import type { Approvals } from '@portreeve/approve';
import { type Approval, asId, type Handoff, PortreeveError } from '@portreeve/contract';
import type { Handoffs, ProposalStore } from '@portreeve/gate';
import type { ChangeStore } from '@portreeve/govern';
import type { Notification } from './ports.ts';
import type { Told } from './words.ts';

/** Reads what a notification is about as it is now: what is over concerns nobody any more. */
export function lookBehind(stages: {
  readonly approvals: Pick<Approvals, 'get'>;
  readonly handoffs: Pick<Handoffs, 'get'>;
  readonly proposals: Pick<ProposalStore, 'get'>;
  readonly changes: Pick<ChangeStore, 'get'>;
}): (notification: Notification) => Promise<Told | null> {
  const approval = async (notification: Notification): Promise<Told | null> => {
    const found: Approval | null = await stages.approvals.get(asId('approval', notification.about));
    if (found?.state !== 'pending') return null;
    const proposal = await stages.proposals.get(found.proposal);
    const { groups, expires_at: until } = found;
    return {
      ...notification,
      what: proposal?.proposal.tool ?? null,
      groups: notification.groups ?? groups,
      until,
    };
  };
  const handoff = async (notification: Notification): Promise<Told | null> => {
    const found: Handoff | null = await stages.handoffs.get(asId('handoff', notification.about));
    if (!found || found.state === 'done') return null;
    const groups = notification.groups ?? (found.group === null ? null : [found.group]);
    return { ...notification, what: found.kind.replaceAll('_', ' '), groups, until: found.due_at };
  };
  const change = async (notification: Notification): Promise<Told | null> => {
    const found = await stages.changes.get(asId('change', notification.about));
    if (found?.state !== 'open') return null;
    return { ...notification, what: `${found.kind}, ${found.risk} risk`, until: null };
  };
  return async (notification) => {
    const { kind } = notification;
    if (kind.startsWith('approval.')) return approval(notification);
    if (kind.startsWith('handoff.')) return handoff(notification);
    if (kind === 'change.opened') return change(notification);
    if (kind === 'pilot.withdrawn') return { ...notification, what: null, until: null };
    if (kind === 'oversight.alarm')
      return { ...notification, what: notification.about.replaceAll('_', ' '), until: null };
    if (kind === 'freeze' || kind === 'stop') return { ...notification, what: null, until: null };
    throw new PortreeveError('internal', `There is nothing to say of ${kind}.`);
  };
}
