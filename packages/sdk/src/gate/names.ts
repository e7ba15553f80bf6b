import type { Verdict } from './gate.ts';

/** Which tool of the gateway stands for one of the agent's: by name. One that is not named cannot be used. */
export type NameOf = Readonly<Record<string, string>>;

/** Null where nobody has named it; names that every object has are none. */
export const nameIn = (names: NameOf, tool: string): string | null =>
  Object.hasOwn(names, tool) ? (names[tool] as string) : null;

/** An action that the gate has not let. The message is for the model. */
export class GateBlocked extends Error {
  override readonly name = 'GateBlocked';
  readonly verdict: Verdict & { readonly go: false };

  constructor(verdict: Verdict & { readonly go: false }) {
    super(verdict.say);
    this.verdict = verdict;
  }
}

/** The block of a tool that nobody has named. */
export const unnamed = (tool: string): Verdict & { readonly go: false } => ({
  go: false,
  status: 'refused',
  proposal: null,
  say: `${JSON.stringify(tool.slice(0, 128))} is no tool that is governed here, so it cannot be used.`,
});

/** For what runs elsewhere: whether it is let. What the gateway has carried out itself must not be done a second time. */
export function letOrNot(verdict: Verdict): Verdict {
  if (!verdict.go || verdict.by === 'caller') return verdict;
  const say = `The gateway has done this itself; it is not done again. Its result: ${JSON.stringify(verdict.result)}`;
  return { go: false, status: 'refused', proposal: verdict.proposal, say };
}
