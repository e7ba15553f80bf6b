import { type ModelEndpoint, PortreeveError, type SourceContract, type ToolContract } from '@portreeve/contract';

/**
 * Keeps the reasoner's credentials apart from those of tools and sources (invariant 4: the process that talks to a model
 * has no tool credential, and the other way round). Throws `misconfigured` where a contract names a model's secret.
 */
export function checkModelSecrets(
  models: readonly ModelEndpoint[],
  definition: { readonly tools: readonly ToolContract[]; readonly sources: readonly SourceContract[] },
): void {
  const taken = new Map(
    models.flatMap((endpoint) =>
      'secret' in endpoint && endpoint.secret !== undefined ? [[endpoint.secret, endpoint.name] as const] : [],
    ),
  );
  for (const { name, binding } of [...definition.tools, ...definition.sources]) {
    const credential = 'credential' in binding ? binding.credential : undefined;
    const endpoint = credential === undefined ? undefined : taken.get(credential);
    if (endpoint !== undefined)
      throw new PortreeveError(
        'misconfigured',
        `${name} names ${credential}, the key of the model endpoint ${endpoint}.`,
        {
          next: 'Give the tool a credential of its own.',
        },
      );
  }
}
