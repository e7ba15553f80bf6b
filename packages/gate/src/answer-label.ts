import { BOTTOM, join, type Label, type Proposal } from '@portreeve/contract';

/** What a tool answers carries the influence of its proposal, and is untrusted unless it is known who wrote it. */
export function answerLabel(proposal: Proposal, integrity: Label['integrity'] = 'untrusted'): Label {
  return join(proposal.influence, { ...BOTTOM, integrity, origins: [`tool:${proposal.tool}`] });
}
