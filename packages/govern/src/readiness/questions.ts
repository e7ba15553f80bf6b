import { unboundedAt } from '@portreeve/contract';
import {
  type Finding,
  fail,
  few,
  hasProcedure,
  notApplicable,
  pass,
  type ReadinessInput,
  WORKFLOW_FILE,
} from './item.ts';

const ASKS_NO_MODEL = notApplicable('it asks no model');

/** E3: what a model may answer is closed and bounded. */
export function structured({ prompts }: ReadinessInput): Finding {
  if (prompts.length === 0) return ASKS_NO_MODEL;
  const open = prompts.flatMap(({ id, output }) => unboundedAt(output, '').map((fault) => ({ id, fault })));
  const [first] = open;
  if (first)
    return fail(
      few(open.map(({ id, fault }) => `${id}: the answer${fault.startsWith('/') ? ' at ' : ''}${fault}`)),
      `prompts/${first.id}.md`,
      'output: an object with `additionalProperties: false`, each text with maxLength, each list with maxItems, each number with minimum and maximum',
    );
  return pass(`${prompts.length} closed and bounded ${prompts.length === 1 ? 'schema' : 'schemas'}`);
}

/** E7: who does it where the model gives nothing that can be used. */
export function offPattern({ contract, prompts }: ReadinessInput): Finding {
  if (prompts.length === 0) return ASKS_NO_MODEL;
  const missing = prompts.filter(({ id }) => !hasProcedure(contract, id)).map(({ id }) => id);
  const isGrave = contract.tier === 'high' || contract.tier === 'critical';
  if (missing.length > 0 && isGrave)
    return fail(
      `${missing.join(', ')}: what a person does with an answer that cannot be used is not written, and the workflow is of ${contract.tier} risk`,
      WORKFLOW_FILE,
      `procedures: { '${missing[0]}': { title: '…', steps: ['…'], group: '…' } }`,
    );
  return pass(
    missing.length === 0
      ? 'one repair, then a person by the written procedure'
      : `one repair, then a person takes it from the queue; told is ${contract.owners.escalation}`,
  );
}

/** E6: what becomes of a question that no endpoint takes. */
export function outage({ contract, prompts }: ReadinessInput): Finding {
  if (prompts.length === 0) return ASKS_NO_MODEL;
  const { on_outage } = contract;
  if (on_outage === undefined)
    return fail('nobody has said what happens while no model answers', WORKFLOW_FILE, "on_outage: { do: 'hand_off' }");
  if (on_outage.do === 'wait') return pass(`it waits ${on_outage.minutes} minutes, then a person takes it`);
  return pass(on_outage.do === 'hand_off' ? 'a person takes it at once' : 'the declared answer stands in, and says so');
}
