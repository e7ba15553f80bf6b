import { BOTTOM, join, type Label, type Proposal } from '@portreeve/contract';

/** What a tool answers carries the influence of its proposal, and is untrusted. */
export function answerLabel(proposal: Proposal): Label {
  return join(proposal.influence, { ...BOTTOM, integrity: 'untrusted', origins: [`tool:${proposal.tool}`] });
}
