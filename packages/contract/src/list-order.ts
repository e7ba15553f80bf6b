/** In which order a list is given: by a member of its rows, ids breaking ties. */
export interface ListOrder<By extends string> {
  readonly by: By;
  /** The greatest first. */
  readonly descending: boolean;
}

/** Names of orders as the API takes them: each as it is, and with `-` before it for the other way round. */
export const orderNames = <const Name extends string>(names: readonly Name[]): (Name | `-${Name}`)[] =>
  names.flatMap((name) => [name, `-${name}` as const]);

/** The order that a name of the API stands for, by what its rows call it. */
export function orderOf<Name extends string, By extends string>(
  name: Name | `-${Name}`,
  members: Readonly<Record<Name, By>>,
): ListOrder<By> {
  const descending = name.startsWith('-');
  return { by: members[(descending ? name.slice(1) : name) as Name], descending };
}
