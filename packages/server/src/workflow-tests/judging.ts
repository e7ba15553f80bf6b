import { scoreValue } from '@portreeve/context';
import {
  asId,
  type Decision,
  type EnvironmentFacts,
  type Json,
  judgeReview,
  type Labelled,
  PortreeveError,
  type Principal,
  readBoundary,
  type SourceContract,
} from '@portreeve/contract';
import { requestOf } from '@portreeve/gate';
import { historyByTool, type PolicyEngine } from '@portreeve/policy';
import { factsOf, stepFacts } from '@portreeve/run';
import type { TestGate, TestOutcome, TestWish } from '@portreeve/sdk/workflow-test';
import type { ProjectWorkflow } from '../config/project.ts';
import type { WorkflowCase } from './case-file.ts';

/** What policy said of one action of a test, in the order of the actions. */
export interface JudgedAct {
  readonly tool: string;
  readonly decision: Decision;
}

/**
 * The real policy, and people who say what the test says, in the place of the gate (requirement C8): an action is carried
 * out only where both let it through, and its request is made as the gate makes it.
 */
export function judgingGate(
  engine: PolicyEngine,
  workflow: ProjectWorkflow,
  test: WorkflowCase,
  principal: Principal,
): TestGate & { readonly judged: readonly JudgedAct[] } {
  const { contract, tools } = workflow.definition;
  const environment: EnvironmentFacts = {
    ...{ name: 'production', freezes: [], incident: false, maintenance: [], outages: [] },
    ...(Object.fromEntries(
      Object.entries(test.environment).filter(([, value]) => value !== undefined),
    ) as Partial<EnvironmentFacts>),
  };
  const judged: JudgedAct[] = [];
  const acting: Principal = { ...principal, act: [{ id: `agent:${contract.name}`, kind: 'agent' }] };
  const unreviewed = [...workflow.promptsByName.values()]
    .filter(({ contract: prompt }) => {
      const confidence = { calibrated_per_mille: null, threshold_per_mille: null };
      const wished = contract.steps[prompt.id]?.review;
      return judgeReview(stepFacts(prompt, workflow), wished, confidence).review === 'at_action';
    })
    .map(({ contract: prompt }) => prompt.id);

  function request(wish: TestWish) {
    const told = historyByTool([{ contract, tools: [wish.tool] }]).get(wish.tool.name) ?? {};
    const nothing = Object.fromEntries(
      Object.entries(told).map(([name, kind]) => [name, kind === 'count' || kind === 'sum' ? 0 : []]),
    );
    return requestOf(
      {
        ...{ id: asId('proposal', `prop_test-${judged.length + 1}`), run: null, workflow: factsOf(contract) },
        ...{ approval_timeout_minutes: contract.approval_timeout_minutes, history: contract.history },
        ...{ release: workflow.release, principal: acting, contract: wish.tool, tools, args: wish.args },
        ...{ request: test.input, rationale: wish.rationale, evidence: wish.evidence, quarantine: wish.quarantine },
        ...{ unreviewed, seen: wish.seen, stoodFor: [] },
        injection: wish.evidence === null ? 0 : scoreValue(wish.evidence as unknown as Labelled<Json>),
      },
      { facts: () => environment },
      { ...nothing, ...test.history[wish.tool.name] },
    );
  }

  return {
    judged,
    read(source: SourceContract) {
      const { name, integrity, confidentiality, categories } = source;
      const boundary = readBoundary(contract.boundaries, source, environment.name);
      const decision = engine.decide({
        ...{ kind: 'read', principal: acting, workflow: factsOf(contract), environment },
        source: { name, integrity, confidentiality, categories },
        ...(boundary === 'none' ? {} : { boundary }),
      });
      if (!lets(decision)) throw refused(decision);
    },
    act(wish) {
      const asked = request(wish);
      const decision = engine.decide(asked);
      judged.push({ tool: wish.tool.name, decision });
      if (decision.outcome === 'approve') {
        const said = test.approvals[wish.tool.name] ?? 'approve';
        if (said !== 'approve') return { status: 'denied', by: said === 'deny' ? 'person' : 'time-out' };
        const again = engine.decide({ ...asked, approval: everybody(decision, contract.approvers) } as typeof asked);
        return lets(again) ? undefined : { status: 'refused', decision: again };
      }
      return lets(decision) ? undefined : ({ status: 'refused', decision } satisfies TestOutcome);
    },
  };
}

const lets = ({ outcome }: Decision): boolean => outcome === 'permit' || outcome === 'notify';

/** As many different people as policy asks for, signed as well as can be. */
function everybody({ remedies }: Decision, groups: readonly string[]) {
  const asked = remedies.flatMap((remedy) => (remedy.kind === 'approval' ? [remedy] : []));
  const count = Math.max(
    1,
    asked.reduce((sum, { quorum }) => sum + quorum, 0),
  );
  const approvers = Array.from({ length: count }, (_, index) => `prn_approver_${index + 1}`);
  const all = [...new Set([...groups, ...asked.flatMap((each) => each.groups)])];
  return { approvers, groups: all, by_passkey: approvers, by_device: approvers, confirmed: true };
}

function refused(decision: Decision): PortreeveError {
  return new PortreeveError('refused', decision.reasons.map(({ text }) => text).join(' '), {
    next: decision.next,
    extra: { decision },
  });
}
