import { type McpConfig, PortreeveError, type SourceContract, type ToolContract } from '@portreeve/contract';
import { isOfUpstream } from './of-upstream.ts';

interface Contracts {
  readonly tools: readonly ToolContract[];
  readonly sources: readonly SourceContract[];
}

/**
 * Readers have credentials of their own (requirement D11): with roles apart the reasoner holds those of the sources, and one
 * that a tool writes with would give it the tool. `definitions` are all that one installation runs, for it holds them all.
 * Throws `misconfigured`.
 */
export function checkReaderCredentials(definitions: readonly Contracts[], upstreams: McpConfig['upstreams']): void {
  const writers = definitions.flatMap(({ tools }) => tools).filter(({ effect }) => effect !== 'read');
  for (const { name, binding } of definitions.flatMap(({ sources }) => sources)) {
    const credential = 'credential' in binding ? binding.credential : undefined;
    if (credential === undefined) continue;
    const tool = writers.find((each) => 'credential' in each.binding && each.binding.credential === credential);
    // An upstream's tools are known once it is asked, so any of them may write.
    const upstream = upstreams.find((each) => isOfUpstream(each, credential));
    const who = tool ? `the tool ${tool.name}` : upstream && `the upstream ${upstream.name}`;
    if (who)
      throw new PortreeveError(
        'misconfigured',
        `The source ${name} names ${credential}, with which ${who} may write.`,
        {
          next: 'Give the source a credential of its own that can read what it declares, and nothing else.',
        },
      );
  }
}
