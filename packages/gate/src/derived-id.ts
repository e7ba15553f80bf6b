import { asId, digestOf, type ProposalId } from '@portreeve/contract';

const CHARS_MAX = 64 + 'prop_'.length;

/** The id of a proposal that serves another one: always the same for the same purpose, so that it is made once. */
export function derivedId(of: ProposalId, purpose: string): ProposalId {
  const readable = `${of}-${purpose}`;
  if (readable.length <= CHARS_MAX) return asId('proposal', readable);
  return asId('proposal', `prop_${digestOf({ of, purpose }).slice('sha256:'.length, 'sha256:'.length + 48)}`);
}
