import { type Arguments, type ArgumentValue, type Json, type Label, Labelled } from '@portreeve/contract';
import { originOf } from '../at.ts';

/**
 * The labelled values of one test. It can tell their content because it made them: values of a running system stay
 * closed to it, so importing it into a workflow opens nothing.
 */
export class TestValues {
  readonly #values = new WeakMap<Labelled<unknown>, unknown>();

  make<T>(value: T, label: Label): Labelled<T> {
    const labelled = new Labelled(value, label);
    this.#values.set(labelled, value);
    return labelled;
  }

  /** The content of a value of this test, or of a part of one. */
  contentOf(labelled: Labelled<unknown>): unknown {
    if (this.#values.has(labelled)) return this.#values.get(labelled);
    const origin = originOf(labelled);
    if (origin === null)
      throw new TypeError('not a labelled value of this test: take parts with `at` of @portreeve/sdk');
    let node = this.contentOf(origin.whole);
    for (const raw of origin.pointer.split('/').slice(1)) {
      const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
      node = typeof node === 'object' && node !== null && Object.hasOwn(node, key) ? Reflect.get(node, key) : undefined;
    }
    return node;
  }

  /**
   * An argument tree with its labelled leaves replaced by their content, and the labels that stood in it. `named` says what
   * a text in a labelled value stands for.
   */
  resolve(
    tree: Arguments,
    named: (text: string, within: Labelled<unknown>) => Labelled<unknown> | null = () => null,
  ): { readonly value: { [key: string]: Json }; readonly labels: readonly Label[] } {
    const labels: Label[] = [];
    const walk = (node: ArgumentValue, path: string, within: Labelled<unknown> | null): Json => {
      if (node instanceof Labelled) {
        const content = this.contentOf(node);
        if (content === undefined) throw new TypeError(`${path} points at a value that is not there`);
        labels.push(node.label);
        return walk(content as Json, path, node);
      }
      const meant = within && typeof node === 'string' ? named(node, within) : null;
      if (meant) return walk(meant, path, null);
      if (Array.isArray(node)) return node.map((item, index) => walk(item, `${path}/${index}`, within));
      if (typeof node === 'object' && node !== null)
        return Object.fromEntries(
          Object.entries(node).map(([key, item]) => [key, walk(item, `${path}/${key}`, within)]),
        );
      return node as Json;
    };
    return { value: walk(tree, '', null) as { [key: string]: Json }, labels };
  }
}
