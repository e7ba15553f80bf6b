import type { ProposalId } from '@portreeve/contract';
import type { McpFollower } from '@portreeve/execute';

/** Who waits in this process for which call, so that what a server tells on the way reaches the client. */
export function callFollowers() {
  const followers = new Map<string, McpFollower>();
  return {
    find: (key: string): McpFollower | null => followers.get(key) ?? null,
    follow(proposal: ProposalId, follower: McpFollower): () => void {
      followers.set(proposal, follower);
      return () => followers.delete(proposal);
    },
  };
}
export type CallFollowers = ReturnType<typeof callFollowers>;
