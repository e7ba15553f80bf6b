import {
  type Category,
  type Clearance,
  type Confidentiality,
  covers,
  declassifyValue,
  digestOf,
  endorseValue,
  type Json,
  type JsonObject,
  type Label,
  Labelled,
  PortreeveError,
  type Proposal,
  type ToolContract,
} from '@portreeve/contract';

const DIGESTS: ReadonlyMap<string, string> = new Map(
  [declassifyValue, endorseValue].map((contract) => [contract.name, digestOf(contract)]),
);

/**
 * Throws `bad_input` for a relabelling that is not one of the house's own, as a contract of a lower tier would be, or that
 * would raise a label instead of lowering it.
 */
export function assertRelabels(args: JsonObject, influence: Label, contract: ToolContract): void {
  if (contract.binding.connector !== 'relabel') return;
  if (digestOf(contract) !== DIGESTS.get(contract.name)) {
    throw new PortreeveError('bad_input', `${contract.name} is not a relabelling of this house.`, {
      next: 'Use declassifyValue or endorseValue as they are exported.',
    });
  }
  if (contract.name === declassifyValue.name && !isLower(args.to as Clearance, influence)) {
    throw new PortreeveError('bad_input', 'A value is declassified to less than it is, in no respect to more.');
  }
}

function isLower(to: Clearance, from: Pick<Label, 'confidentiality' | 'categories'>): boolean {
  return covers({ confidentiality: from.confidentiality, categories: [...from.categories] }, to);
}

/**
 * The value that an executed relabelling released, with its new label; `null` for any other tool. Its origins name the
 * proposal, so that whatever is made of it leads back to who approved it.
 */
export function relabelled(proposal: Proposal, contract: ToolContract): Labelled<Json> | null {
  if (contract.binding.connector !== 'relabel') return null;
  const { influence, args, id } = proposal;
  const origins = [...influence.origins, id];
  if (contract.name === endorseValue.name) {
    return new Labelled(args.value as Json, { ...influence, integrity: 'internal', origins });
  }
  const { confidentiality, categories } = args.to as {
    confidentiality: Confidentiality;
    categories: Category[];
  };
  return new Labelled(args.value as Json, { ...influence, confidentiality, categories, origins });
}
