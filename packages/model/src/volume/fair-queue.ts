/** Whether a person waits for the answer. */
export const PRIORITIES = ['person', 'background'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** After so many for whom a person waits, one comes for whom nobody does: the others are slowed, and never starved. */
const PERSONS_IN_A_ROW = 4;

/**
 * A queue in which no workflow can stand before the others, however much it asks: the workflows take turns. Those for
 * whom a person waits come first.
 */
export class FairQueue<T extends { readonly workflow: string; readonly priority: Priority }> {
  readonly #lanes: Readonly<Record<Priority, Map<string, T[]>>> = { person: new Map(), background: new Map() };
  #persons = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const lane = this.#lanes[item.priority];
    const line = lane.get(item.workflow);
    if (line) line.push(item);
    else lane.set(item.workflow, [item]);
    this.#size++;
  }

  /** Takes the next one out. */
  shift(): T | null {
    const { person, background } = this.#lanes;
    const patient = background.size > 0 && (person.size === 0 || this.#persons >= PERSONS_IN_A_ROW);
    const lane = patient ? background : person;
    const next = lane.entries().next().value;
    if (!next) return null;
    const [workflow, line] = next;
    const item = line.shift() as T;
    this.#persons = patient ? 0 : this.#persons + 1;
    this.#size--;
    // To the end, so that it is every other workflow's turn before.
    lane.delete(workflow);
    if (line.length > 0) lane.set(workflow, line);
    return item;
  }

  /** Puts one back that could not go: it is the next of its workflow, and its workflow is the next. */
  unshift(item: T): void {
    const lane = this.#lanes[item.priority];
    const line = lane.get(item.workflow) ?? [];
    const others = [...lane].filter(([workflow]) => workflow !== item.workflow);
    lane.clear();
    lane.set(item.workflow, [item, ...line]);
    for (const [workflow, items] of others) lane.set(workflow, items);
    this.#persons = item.priority === 'background' ? PERSONS_IN_A_ROW : Math.max(0, this.#persons - 1);
    this.#size++;
  }

  /** Takes one out that is not waited for any more. */
  delete(item: T): boolean {
    const lane = this.#lanes[item.priority];
    const line = lane.get(item.workflow);
    const index = line?.indexOf(item) ?? -1;
    if (!line || index < 0) return false;
    line.splice(index, 1);
    if (line.length === 0) lane.delete(item.workflow);
    this.#size--;
    return true;
  }
}
