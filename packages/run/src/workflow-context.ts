import type { Run, WorkflowContext } from '@portreeve/contract';
import type { Durable, LoadedWorkflow } from './ports.ts';
import { actStep } from './steps/act.ts';
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
  const ask = askStep(scope);
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
      act: actStep(scope),
      unwind: unwindStep(scope),
    },
    ending: scope.ending,
  };
}
