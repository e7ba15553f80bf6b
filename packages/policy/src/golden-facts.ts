import type { GoldenRequest } from './golden-file.ts';
import type { DeclaredWorkflow } from './loosening.ts';
import { plainUse } from './probe-requests.ts';

const nameIn = (value: unknown): unknown => (value as { name?: unknown } | undefined)?.name;

/**
 * What a golden case leaves out, by the declarations: of a workflow, a tool or a source that it names the declared facts
 * (so that the decision tests the contract in force), else those of `workflow` and of its only tool; a requester who asks
 * through the workflow, in production, with nothing untrusted and no approval.
 */
export function declaredFacts(
  workflows: readonly DeclaredWorkflow[],
  workflow: string | null,
): (said: GoldenRequest) => GoldenRequest {
  return (said) => {
    const { kind = 'act' } = said;
    const wanted = nameIn(said.workflow) ?? workflow;
    const declared = workflows.find(({ contract }) => contract.name === wanted);
    if (declared === undefined) return {};
    const { contract, tools, reads = [] } = declared;
    const tool = tools.find(({ name }) => name === nameIn(said.tool)) ?? (tools.length === 1 ? tools[0] : undefined);
    const some = tool ?? tools[0];
    if (some === undefined) return {};
    const { tools: scope, sources } = contract.scope;
    const use = plainUse(some, {
      ...{ role: 'requester', tier: contract.tier, environment: 'production', workflow: contract.name },
      ...{ tools: scope, approvers: contract.approvers },
    } as const);
    const { environment, influence } = use;
    const principal = { ...use.principal, act: [{ id: `agent:${contract.name}`, kind: 'agent' }] };
    const work = { kind, principal, workflow: { ...use.workflow, sources: [...sources] }, environment };
    switch (kind) {
      case 'act':
        return tool === undefined ? work : { ...use, ...work };
      case 'admit':
        return work;
      case 'ask':
        return { ...work, influence, deidentified: false, injection: 0 };
      case 'read': {
        const source = reads.find(({ name }) => name === nameIn(said.source));
        if (source === undefined) return work;
        const { name, integrity, confidentiality, categories } = source;
        return { ...work, source: { name, integrity, confidentiality, categories } };
      }
      case 'api':
        return { kind, principal: use.principal, environment };
    }
    return {};
  };
}
