import {
  CONFIDENTIALITY,
  compileSchema,
  type JsonObject,
  type Label,
  labelData,
  type PolicyRequest,
  type Principal,
  type SourceContract,
  type ToolContract,
} from '@portreeve/contract';
import type { Subject } from '@portreeve/identity';
import { OPERATION_IDS } from '@portreeve/policy';
import { factsOf, LOOKING } from '@portreeve/run';
import type { ProjectWorkflow } from '../../config/project.ts';
import type { Services } from '../../services.ts';
import type { Evaluation } from './messages.ts';

/** Why policy was not asked. */
export interface NotAsked {
  readonly status: 400 | 404;
  readonly code: 'unknown_subject' | 'unknown_resource' | 'unknown_action' | 'bad_arguments' | 'beyond_agent';
  readonly text: string;
  readonly next: string;
}

const KIND_BY_TYPE: Readonly<Record<string, Principal['kind']>> = {
  user: 'person',
  person: 'person',
  service: 'service',
  agent: 'agent',
};

/** Whether the account is of the type that the caller says: a person's right must not be told as a service's. */
export const isOfType = ({ principal }: Subject, type: string): boolean =>
  Object.hasOwn(KIND_BY_TYPE, type) && KIND_BY_TYPE[type] === principal.kind;

/**
 * The question in policy's terms. Facts about workflows, tools and sources are those that are loaded, never the caller's;
 * where nothing is known of a value's origin the worst is assumed, so that a permit here is never more than at the gate.
 */
export function toPolicyRequest(
  { workflows, environment }: Pick<Services, 'workflows' | 'environment'>,
  { principal, tools }: Subject,
  { resource, action, context = {} }: Evaluation,
): PolicyRequest | NotAsked {
  if (resource.type === 'operation') {
    if (!(OPERATION_IDS as readonly string[]).includes(action.name)) return unknownAction(resource.type, action.name);
    return { kind: 'api', principal, operation: action.name, environment: environment.facts() };
  }
  const wanted = ACTION_BY_TYPE[resource.type];
  if (!Object.hasOwn(ACTION_BY_TYPE, resource.type) || wanted === undefined) return unknownResource(resource);
  if (action.name !== wanted) return unknownAction(resource.type, action.name);
  const [name = '', part, ...more] = resource.id.split('/');
  const loaded = workflows.find(({ definition }) => definition.contract.name === name);
  if (!loaded || more.length > 0 || (resource.type === 'workflow') !== (part === undefined))
    return unknownResource(resource);
  const { contract } = loaded.definition;
  const base = {
    // The workflow is the hand that acts, as in a run of it.
    principal: { ...principal, act: [{ id: `agent:${contract.name}`, kind: 'agent' as const }, ...principal.act] },
    workflow: factsOf(contract),
  };
  if (resource.type === 'workflow') {
    const beyond = tools === null ? undefined : contract.scope.tools.find((tool) => !tools.includes(tool));
    if (beyond !== undefined) return beyondAgent(beyond);
    return { kind: 'admit', ...base, environment: environment.facts(LOOKING) };
  }
  if (resource.type === 'source') {
    const source = loaded.definition.sources.find((each) => each.name === part);
    if (!source) return unknownResource(resource);
    const { integrity, confidentiality, categories } = source;
    const facts = { name: source.name, integrity, confidentiality, categories };
    return { kind: 'read', ...base, source: facts, environment: environment.facts(LOOKING) };
  }
  const tool = loaded.definition.tools.find((each) => each.name === part);
  if (!tool) return unknownResource(resource);
  if (tools !== null && !tools.includes(tool.name)) return beyondAgent(tool.name);
  const args = (context as JsonObject).args ?? {};
  const [fault] = validatorOf(tool)(args);
  if (fault !== undefined) return badArguments(tool.name, `${fault.path}: ${fault.message}`);
  return {
    kind: 'act',
    ...base,
    tool: {
      name: tool.name,
      version: tool.version,
      tier: tool.tier,
      effect: tool.effect,
      reversible: tool.undo !== 'irreversible',
      clearance: tool.clearance,
    },
    args: args as JsonObject,
    influence: labelData(worstOf(loaded)),
    provenance: [],
    // Whoever asks tells nothing of what went into it: the worst is assumed, as of the label.
    injection: 1000,
    untrusted_sinks: [...new Set(tool.sinks.map(({ kind }) => kind))],
    approval: null,
    environment: environment.facts({ effect: tool.effect, tier: tool.tier }),
  };
}

const validators = new WeakMap<ToolContract, ReturnType<typeof compileSchema>>();

function validatorOf(tool: ToolContract): ReturnType<typeof compileSchema> {
  const validate = validators.get(tool) ?? compileSchema(tool.args);
  validators.set(tool, validate);
  return validate;
}

const ACTION_BY_TYPE: Readonly<Record<string, string>> = { workflow: 'admit', tool: 'act', source: 'read' };

/** As if all that the workflow may read had gone into the call. */
function worstOf({ definition: { sources } }: ProjectWorkflow): Label {
  const level = (source: SourceContract) => CONFIDENTIALITY.indexOf(source.confidentiality);
  return {
    integrity: 'untrusted',
    confidentiality: CONFIDENTIALITY[Math.max(0, ...sources.map(level))]!,
    categories: [...new Set(sources.flatMap(({ categories }) => categories))].sort(),
    origins: sources.map(({ name }) => name).sort(),
  };
}

const quote = (value: string) => JSON.stringify(value.slice(0, 128));

const unknownResource = ({ type, id }: { type: string; id: string }): NotAsked => ({
  status: 404,
  code: 'unknown_resource',
  text: `There is no ${quote(type)} ${quote(id)} here.`,
  next: 'Ask about workflow NAME, tool WORKFLOW/NAME, source WORKFLOW/NAME or operation portreeve.',
});
const unknownAction = (type: string, name: string): NotAsked => ({
  status: 404,
  code: 'unknown_action',
  text: `${quote(name)} is no action on a resource of type ${quote(type)}.`,
  next: 'Ask for admit (workflow), act (tool), read (source), or an operation’s id (operation).',
});
const badArguments = (tool: string, fault: string): NotAsked => ({
  status: 400,
  code: 'bad_arguments',
  text: `The tool ${quote(tool)} does not take these arguments: ${fault}`.slice(0, 400),
  next: 'Send the arguments as context.args, as the tool’s contract has them.',
});
const beyondAgent = (tool: string): NotAsked => ({
  status: 404,
  code: 'beyond_agent',
  text: `This agent is not registered for the tool ${quote(tool)}.`,
  next: 'Register the agent for it, or use another one.',
});
