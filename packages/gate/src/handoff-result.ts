import {
  BOTTOM,
  compileSchema,
  digestOf,
  type Handoff,
  type HandoffMaterial,
  type HandoffResult,
  type Json,
  join,
  type Label,
  Labelled,
  labelData,
  PortreeveError,
  type Principal,
  type PrincipalId,
  personOrigin,
  type RecordData,
} from '@portreeve/contract';
import { open } from '@portreeve/contract/open';

/** The name of the material that is a model's answer, where there is one. */
export const ANSWER = 'answer';

/** What comes of finished work. `declined`: nothing goes back, and the run that waited ends. */
export type Finish = { readonly value: Json } | { readonly declined: true } | null;

/**
 * What a person gives back, checked: it fits what the run waits for. Throws `bad_input` where it does not, or where
 * nothing waits; `conflict` where a run waits and gets neither a result nor a word that there will be none.
 */
export function checkedResult(handoff: Handoff, finish: Finish, by: Principal, at: string): HandoffResult | null {
  if (handoff.awaits === null) {
    if (finish === null) return null;
    throw new PortreeveError('bad_input', 'No run waits for a result of this hand-off.', {
      next: 'Finish it with a note alone.',
    });
  }
  if (finish === null) {
    throw new PortreeveError('conflict', 'A run waits for the result of this hand-off.', {
      next: 'Give the result, or say that there will be none: the run ends then.',
    });
  }
  if ('declined' in finish) return null;
  const errors = compileSchema(handoff.awaits)(finish.value);
  if (errors.length > 0) throw new PortreeveError('bad_input', 'The result is not what the run waits for.', { errors });
  return { value: finish.value, by: by.id, at };
}

/**
 * The label of what a person gave back: trusted, from that person, and as secret as what they were shown. A person's own
 * statement is trusted as a request is; who said it stays with it.
 */
function resultLabel(handoff: Pick<Handoff, 'id' | 'label' | 'material'>, by: PrincipalId): Label {
  return { integrity: 'trusted', ...secrecyOf(handoff), origins: [personOrigin(by), `handoff:${handoff.id}`] };
}

/** How secret the work is with all that is shown: this is kept when the material goes. */
export function secrecyOf({ label, material }: Pick<Handoff, 'label' | 'material'>): Handoff['label'] {
  const shown = [label, ...material.map((each) => each.label)].map((each) => ({ ...BOTTOM, ...each }));
  const { confidentiality, categories } = join(...shown);
  return { confidentiality, categories: [...categories] };
}

/** What the record says of a result: its digest, whether it is the model's answer, and its label. */
export function resultFacts(
  handoff: Handoff,
  result: HandoffResult,
): NonNullable<RecordData<'handoff.closed'>['result']> {
  const digest = digestOf(result.value);
  const answer = handoff.material.find(({ name }) => name === ANSWER);
  return {
    digest,
    changed: answer ? digestOf(answer.value) !== digest : null,
    label: labelData(resultLabel(handoff, result.by)),
  };
}

/** What a run gets of work that is done. The secrecy was joined when it was finished, while the material was there. */
export function resultOf(handoff: Handoff): Labelled<Json> | null {
  return handoff.result && new Labelled(handoff.result.value, resultLabel(handoff, handoff.result.by));
}

/** Values that a person needs to see, opened to be kept with the work. */
export function materialOf(
  values: readonly { readonly name: string; readonly value: Labelled<unknown> }[],
): HandoffMaterial[] {
  return values.map(({ name, value }) => ({
    name,
    label: { confidentiality: value.label.confidentiality, categories: [...value.label.categories] },
    value: JSON.parse(JSON.stringify(open(value) ?? null)) as Json,
  }));
}
