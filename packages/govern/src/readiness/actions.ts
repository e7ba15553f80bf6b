import { reviewTool, type ToolContract } from '@portreeve/contract';
import {
  actsOn,
  type Finding,
  fail,
  few,
  hasProcedure,
  notApplicable,
  pass,
  type ReadinessInput,
  WORKFLOW_FILE,
} from './item.ts';

const ACTS_ON_NOTHING = notApplicable('it changes nothing');

/** E9, F7: every credential is a name in a secret store, and no model is a stand-in. */
export function credentials({ tools, sources, config, environment }: ReadinessInput): Finding {
  const simulated = config.models.filter(({ kind }) => kind === 'simulated').map(({ name }) => name);
  if (environment === 'production' && simulated.length > 0)
    return fail(
      `${simulated.join(', ')}: ordinary code in place of a model, in production`,
      'portreeve.config.ts',
      'models: [an endpoint of a real model with `secret` or `federation`]',
    );
  const names = new Set<string>();
  for (const { binding } of tools) if ('credential' in binding && binding.credential) names.add(binding.credential);
  for (const { binding } of sources) if (binding.kind === 'http' && binding.credential) names.add(binding.credential);
  for (const endpoint of config.models)
    if ('secret' in endpoint && endpoint.secret !== undefined) names.add(endpoint.secret);
  const told = names.size === 0 ? 'it needs none' : [...names].sort().join(', ');
  return pass(`${told}; from ${config.secrets.store}, fetched for one call`);
}

/** F1, F2: what a tool may be given is bounded, and says one act. */
export function validation({ tools, config }: ReadinessInput): Finding {
  if (tools.length === 0) return notApplicable('it uses no tool');
  const faults = tools.flatMap((tool) => reviewTool(tool, { tools, systems: config.systems }));
  const [first] = faults;
  if (!first) return pass(`${tools.length} contracts reviewed: bounded arguments, one act each`);
  return fail(few(faults.map(({ tool, path, message }) => `${tool} ${path}: ${message}`)), 'tools.ts', first.fix);
}

const NO_NAME = 'portreeve.local/audit';

/** G1, G2: the log that it writes to has a name of its own in the world. */
export function records({ contract, config, environment }: ReadinessInput): Finding {
  const own = Object.values(config.audit.logs).find(({ workflows }) => workflows.includes(contract.name));
  const origin = own?.origin ?? config.log_origin;
  if (environment === 'production' && origin === NO_NAME)
    return fail(
      'the log has the name that every new project has, so a checkpoint of it cannot be told from another’s',
      'portreeve.config.ts',
      "log_origin: 'your-domain/portreeve/audit' (before the first start: it is never changed later)",
    );
  return pass(`each read, question, decision, verdict and effect, in ${origin}`);
}

/** F10: what is done can be taken back, or a person looks first. */
export function undo({ tools, outcomes, environment }: ReadinessInput): Finding {
  const acting = actsOn(tools);
  if (acting.length === 0) return ACTS_ON_NOTHING;
  const alone = (tool: ToolContract) =>
    outcomes.some(
      (each) =>
        each.tool === tool.name &&
        each.environment === environment &&
        each.role === 'requester' &&
        (each.outcome === 'permit' || each.outcome === 'notify'),
    );
  const bare = acting.find((tool) => tool.undo === 'irreversible' && alone(tool));
  if (bare)
    return fail(
      `${bare.name} cannot be taken back, and nobody looks first`,
      'tools.ts',
      `${bare.name}: undo: { tool: '…', args: {…} }, or tier: 3`,
    );
  const told = acting.map(
    ({ name, undo: how }) => `${name}: ${how === 'irreversible' ? 'a person looks first' : how.tool}`,
  );
  return pass(few(told));
}

/** F9, I8: who finds out what became of a call whose answer was lost. */
export function unknownOutcomes({ contract, tools }: ReadinessInput): Finding {
  const acting = actsOn(tools);
  if (acting.length === 0) return ACTS_ON_NOTHING;
  const open = acting.filter(({ idempotency, status }) => idempotency === 'none' && status === undefined);
  const [missing] = open.filter(({ name }) => !hasProcedure(contract, name));
  if (missing)
    return fail(
      `${missing.name}: a call whose answer was lost can be settled by no key and no status, so a person finds out, and nobody has written how`,
      WORKFLOW_FILE,
      `procedures: { '${missing.name}': { title: '…', steps: ['…'], group: '…' } }; or idempotency: 'key', or status: {…} of the tool`,
    );
  return pass(
    open.length === 0
      ? 'each is settled by its key or its status tool, else by a person'
      : 'a person, by the written procedure',
  );
}
