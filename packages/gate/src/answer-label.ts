import { BOTTOM, join, type Label, type Proposal, type ToolContract } from '@portreeve/contract';

/** What a tool answers is internal where its contract does not say how secret it is, as a source's would be. */
const UNSAID: NonNullable<ToolContract['secrecy']> = { confidentiality: 'internal', categories: [] };

/**
 * What a tool answers carries the influence of its proposal, is as secret as its contract says, and is untrusted unless it is
 * known who wrote it.
 */
export function answerLabel(
  proposal: Proposal,
  { returns: integrity = 'untrusted', secrecy = UNSAID }: Pick<ToolContract, 'returns' | 'secrecy'>,
): Label {
  return join(proposal.influence, { ...BOTTOM, ...secrecy, integrity, origins: [`tool:${proposal.tool}`] });
}
