interface Demand {
  readonly groups: readonly string[];
  readonly quorum: number;
}

/** `2 of leads, and 1 of finance, security`. */
export function demandsText(demands: readonly Demand[]): string {
  return demands.map(({ groups, quorum }) => `${quorum} of ${groups.join(', ')}`).join(', and ');
}
