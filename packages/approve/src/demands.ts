import type { Demand, PrincipalId } from '@portreeve/contract';

/** Who agrees, and for which of the approval's groups. */
export interface Voice {
  readonly person: PrincipalId;
  readonly groups: readonly string[];
}

/** Whether each demand has as many different people as it asks for. One voice counts for every demand that it stands for. */
export function areMet(demands: readonly Demand[], voices: readonly Voice[]): boolean {
  return demands.every(({ groups, quorum }) => {
    const agreeing = voices.filter((voice) => voice.groups.some((group) => groups.includes(group)));
    return new Set(agreeing.map(({ person }) => person)).size >= quorum;
  });
}
