import { type AgentTalk, ANSWER_AT } from '@portreeve/context';
import {
  type ActOutcome,
  type Arguments,
  BOTTOM,
  type Json,
  Labelled,
  type ModelTool,
  PortreeveError,
  type PromptInputs,
} from '@portreeve/contract';
import { type AgentSession, agentSession } from '@portreeve/gate';
import { type actStep, proposalAt, type Unfit } from './act.ts';
import type { AgentWish, askStep } from './ask.ts';
import type { RunScope } from './scope.ts';

type Turn = AgentTalk['turns'][number];
type Result = Turn['results'][number];

/**
 * Lets a model work in turns, as many as its prompt says. Each tool that it wishes for is an action like every other: it goes
 * to the gate alone, as a model's choice, by what the model had read until then. In its last turn it must answer.
 */
export function agentStep(scope: RunScope, act: ReturnType<typeof actStep>, { question }: ReturnType<typeof askStep>) {
  const { deps, run, loaded, definition, durable } = scope;

  return async function agent<T>(name: string, inputs: PromptInputs): Promise<Labelled<T>> {
    const wanted = loaded.promptsByName.get(name)?.contract.agent;
    if (!wanted) throw new PortreeveError('misconfigured', `the prompt ${name} is no agent`);
    const session = agentSession(run.input, wanted.tools);
    for (const [input, value] of Object.entries(inputs))
      if (value instanceof Labelled) session.shown(value, input, deps.context.pieces(value));
    const tools = wanted.tools.map((each) => toolOf(each.name));
    const turns: Turn[] = [];
    for (;;) {
      const talk = { tools, closed: turns.length + 1 >= wanted.turns, turns: [...turns] };
      const said = await question<T>(name, inputs, { how: 'ask', kind: 'agent', talk });
      if ('answer' in said) return said.answer;
      const results: Result[] = [];
      for (const wish of said.wishes) results.push(await carry(wish, session, name));
      turns.push({ answer: said.turn, results });
    }
  };

  function toolOf(name: string): ModelTool {
    const tool = definition.tools.find((each) => each.name === name);
    if (!tool)
      throw new PortreeveError('misconfigured', `an agent may not wish for ${name}: the workflow does not declare it`);
    return { name, description: tool.description, input: tool.args };
  }

  /** One wish, by the way of every action, and what the agent hears of it. */
  async function carry(
    { id, name, args, said, shown }: AgentWish,
    session: AgentSession,
    prompt: string,
  ): Promise<Result> {
    const proposal = proposalAt(scope);
    const why = { rationale: `The agent ${prompt} wished for it.`, said, shown };
    const outcome = await act(name, args as unknown as Arguments, why, session);
    const stored = await durable.read(() => deps.gate.get(proposal));
    if (outcome.status !== 'succeeded') {
      if (stored) session.heard(stored, null);
      return { id, value: toldOf(outcome), failed: true };
    }
    const { result, heard } = outcome;
    const pieces = heard ? deps.context.pieces(heard).map((piece) => ({ id: piece.id, at: '', within: WITHIN })) : [];
    if (stored) session.heard(stored, result, pieces);
    return { id, value: heard ?? result, failed: false };
  }
}

/** Where in the fields of its piece stands what the tool answered. */
const WITHIN = ANSWER_AT.slice('/0/fields'.length);

/** Our own words, where no tool answered. */
function toldOf(outcome: Exclude<ActOutcome | Unfit, { status: 'succeeded' }>): Labelled<unknown> {
  switch (outcome.status) {
    // The model's mistake, which it may correct.
    case 'unfit':
      return told({ status: 'refused', reason: 'The arguments do not fit the tool.' });
    case 'refused':
      return told({ status: 'refused', reason: outcome.decision.reasons.map(({ text }) => text).join(' ') });
    case 'denied':
      return told({ status: 'denied', reason: 'A person said no, or nobody decided in time.' });
    case 'failed':
      return told({ status: 'failed', reason: 'Nothing happened. A person has it now.' });
    case 'unknown':
      return told({ status: 'unknown', reason: 'It is not known whether it took effect. A person has it now.' });
  }
}

const told = (value: Json): Labelled<Json> => new Labelled(value, BOTTOM);
