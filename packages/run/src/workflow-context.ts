import type { Run, WorkflowContext } from '@portreeve/contract';
import type { Durable, LoadedWorkflow } from './ports.ts';
import { actStep } from './steps/act.ts';
import { agentStep } from './steps/agent.ts';
import { askStep } from './steps/ask.ts';
import { outcomeStep } from './steps/outcome.ts';
import { readStep } from './steps/read.ts';
import { type PipelineDeps, runScope } from './steps/scope.ts';
import { unwindStep } from './steps/unwind.ts';
import type { Ending } from './stop.ts';

/**
 * What the workflow's code gets. Each method is one or more durable steps; what a step gives is JSON, so labelled values
 * cross it as the id under which `context` keeps them. `ending` is how a step ended the run, whatever the code made of it.
 */
export function workflowContext(
  deps: PipelineDeps,
  durable: Durable,
  run: Run,
  loaded: LoadedWorkflow,
): { readonly context: WorkflowContext; ending(): Ending | null } {
  const scope = runScope(deps, durable, run, loaded);
  const asking = askStep(scope);
  const { ask } = asking;
  const act = actStep(scope);
  return {
    context: {
      run: run.id,
      requester: run.principal,
      input: run.input,
      read: readStep(scope),
      ask: (name, inputs) => ask(name, inputs),
      classify: (name, inputs) => ask(name, inputs, 'ask', 'classify'),
      extract: (name, inputs) => ask(name, inputs, 'ask', 'extract'),
      generate: (name, inputs) => ask(name, inputs, 'ask', 'generate'),
      analyse: (name, inputs) => ask(name, inputs, 'ask', 'analyse'),
      quarantine: (name, inputs) => ask(name, inputs, 'quarantine'),
      outcome: outcomeStep(scope),
      agent: agentStep(scope, act, asking),
      act: async (tool, args, why) => {
        const outcome = await act(tool, args, why);
        // Only an agent's wish can be none; of code it is an error.
        if (outcome.status === 'unfit') throw new TypeError(`the arguments of ${tool} do not fit`);
        return outcome;
      },
      unwind: unwindStep(scope),
    },
    ending: scope.ending,
  };
}
