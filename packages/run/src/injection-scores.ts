import { type ArgumentValue, type Label, Labelled } from '@portreeve/contract';

/**
 * The injection scores of what a run has read, by origin (requirement D4). A label keeps every origin through each join,
 * so the score of a value is the highest of its origins: nothing that was made from a suspicious text loses the score on
 * the way. It is kept with the run: every score comes from a durable step.
 */
export class InjectionScores {
  readonly #scoreByOrigin = new Map<string, number>();

  note(origin: string, score: number): void {
    this.#scoreByOrigin.set(origin, Math.max(score, this.#scoreByOrigin.get(origin) ?? 0));
  }

  of(labels: readonly Label[]): number {
    const origins = labels.flatMap((label) => label.origins);
    return Math.max(0, ...origins.map((origin) => this.#scoreByOrigin.get(origin) ?? 0));
  }
}

/** The labels in an argument tree. */
export function labelsOf(node: ArgumentValue): Label[] {
  if (node instanceof Labelled) return [node.label];
  if (typeof node !== 'object' || node === null) return [];
  return Object.values(node).flatMap((each) => labelsOf(each as ArgumentValue));
}
