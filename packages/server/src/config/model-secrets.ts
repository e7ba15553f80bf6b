import {
  type McpConfig,
  type ModelEndpoint,
  PortreeveError,
  type SourceContract,
  type ToolContract,
} from '@portreeve/contract';
import { isOfUpstream } from './of-upstream.ts';

interface Contracts {
  readonly tools: readonly ToolContract[];
  readonly sources: readonly SourceContract[];
}

/**
 * Keeps the reasoner's credentials apart from those of tools and sources (invariant 4: the process that talks to a model
 * has no tool credential, and the other way round). `definitions` are all that one installation runs, with the tools for
 * agents outside. Throws `misconfigured` where a contract or an upstream names a model's secret.
 */
export function checkModelSecrets(
  models: readonly ModelEndpoint[],
  definitions: readonly Contracts[],
  upstreams: McpConfig['upstreams'],
): void {
  const contracts = definitions.flatMap(({ tools, sources }) => [...tools, ...sources]);
  for (const endpoint of models) {
    const secret = 'secret' in endpoint ? endpoint.secret : undefined;
    if (secret === undefined) continue;
    const contract = contracts.find(({ binding }) => 'credential' in binding && binding.credential === secret);
    const upstream = upstreams.find((each) => isOfUpstream(each, secret));
    const who = contract?.name ?? (upstream && `The upstream ${upstream.name}`);
    if (who)
      throw new PortreeveError(
        'misconfigured',
        `${who} names ${secret}, the key of the model endpoint ${endpoint.name}.`,
        {
          next: 'Give it a credential of its own.',
        },
      );
  }
}
