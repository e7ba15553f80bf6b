import { CERTAINTY, PERSONAL_KINDS, type PersonalSpan } from './kinds.ts';
import { recogniseContact } from './recognise-contact.ts';
import { recogniseNationalIds } from './recognise-national-ids.ts';
import { recognisePayment } from './recognise-payment.ts';
import { recognisePeople } from './recognise-people.ts';
import { lintSecrets, recogniseSecrets } from './recognise-secrets.ts';

/**
 * Spans that do not overlap, in the order of the text. The surer find wins, then the longer, then the earlier, then the
 * kind that stands first in the list: the same text gives the same spans.
 */
export function resolveOverlaps(spans: readonly PersonalSpan[]): PersonalSpan[] {
  const ranked = spans
    .filter(({ start, end }) => end > start)
    .toSorted(
      (a, b) =>
        CERTAINTY.indexOf(a.certainty) - CERTAINTY.indexOf(b.certainty) ||
        b.end - b.start - (a.end - a.start) ||
        a.start - b.start ||
        PERSONAL_KINDS.indexOf(a.kind) - PERSONAL_KINDS.indexOf(b.kind) ||
        (a.detail < b.detail ? -1 : a.detail > b.detail ? 1 : 0),
    );
  // Kept sorted by place, so that a neighbour is found by bisection and many spans stay cheap.
  const kept: PersonalSpan[] = [];
  for (const span of ranked) {
    let low = 0;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (kept[middle]!.start < span.end) low = middle + 1;
      else high = middle;
    }
    if (low > 0 && kept[low - 1]!.end > span.start) continue;
    kept.splice(low, 0, span);
  }
  return kept;
}

/** What the recognisers of this package find in a text, at once and without secretlint's rules. */
export function findPersonal(text: string): PersonalSpan[] {
  return resolveOverlaps(allSpans(text));
}

/** Another recogniser, such as Presidio; see `presidio.ts`. */
export interface PersonalRecogniser {
  /** Spans in the text. Throws where it cannot tell: what is not known to be clean must not pass for it. */
  recognise(text: string): Promise<readonly PersonalSpan[]>;
}

/**
 * Personal data and credentials in a text (requirement D9): e-mail, telephone, cards, IBANs, identity numbers, network
 * addresses, names, dates of birth, postal addresses, account numbers, wallets and secrets, by checksum, form and the
 * words around them; secretlint's rules; and the `others` that are given. Names and addresses are found by rules alone:
 * some are missed. Offsets are UTF-16 units. Linear in the text.
 */
export async function detectPersonal(
  text: string,
  others: readonly PersonalRecogniser[] = [],
): Promise<PersonalSpan[]> {
  const more = await Promise.all([lintSecrets(text), ...others.map((other) => other.recognise(text))]);
  return resolveOverlaps([...allSpans(text), ...more.flat()]);
}

/** Credentials alone, by their form, by what is assigned to a telling name, by randomness, and by secretlint's rules. */
export async function detectSecrets(text: string): Promise<PersonalSpan[]> {
  return resolveOverlaps([...recogniseSecrets(text), ...(await lintSecrets(text))]);
}

function allSpans(text: string): PersonalSpan[] {
  return [recognisePayment, recogniseNationalIds, recogniseContact, recognisePeople, recogniseSecrets].flatMap(
    (recognise) => recognise(text),
  );
}
