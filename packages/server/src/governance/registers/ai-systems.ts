import type { ProjectWorkflow } from '../../config/project.ts';
import { type Asked, type Register, type Row, seesWorkflow, wholeRegister } from './register.ts';

/** Every workflow that may ask a model, or act, on this server. */
export const aiSystems: Register = {
  title: 'AI systems in use',
  columns: {
    key: 'The workflow',
    title: 'What it is called',
    purpose: 'What it is for',
    tier: 'Its risk tier',
    release: 'The release that runs',
    in_use_since: 'When this release was first loaded',
    record: 'The record of that',
    models: 'Model endpoints that its questions may go to, and the models there',
    tools: 'What it may do',
    sources: 'What it may read',
    owner_business: 'Who answers for it',
    owner_security: 'Who answers for its security',
    owner_platform: 'Who runs it',
    escalation: 'Whom to turn to',
    runs: 'Runs that were asked for in the span',
    last_run: 'When the newest was',
  },
  page: wholeRegister(async (asked) => {
    const own = asked.services.workflows.filter(({ definition }) => seesWorkflow(asked)(definition.contract.name));
    return Promise.all(own.map((workflow) => rowOf(workflow, asked)));
  }),
};

const RUNS_COUNTED = 500;

async function rowOf({ definition, release, promptsByName }: ProjectWorkflow, asked: Asked): Promise<Row> {
  const { contract } = definition;
  const { services, span } = asked;
  const loaded = await services.audit.search({ type: 'release.loaded', release, limit: 1 });
  const bounds = { since: span.from, until: span.to };
  const runs = await services.audit.search({
    ...{ type: 'run.submitted', workflow: contract.name, ...bounds, limit: RUNS_COUNTED },
  });
  const asksModels = promptsByName.size > 0;
  const models = asksModels ? services.info.endpoints.map(({ name, model }) => `${name}: ${model}`) : [];
  return {
    ...{ key: contract.name, title: contract.title, purpose: contract.purpose, tier: contract.tier, release },
    in_use_since: loaded.records[0]?.entry.time ?? null,
    record: loaded.records[0]?.place ?? null,
    models: models.join(', '),
    tools: contract.scope.tools.join(', '),
    sources: contract.scope.sources.join(', '),
    owner_business: contract.owners.business,
    owner_security: contract.owners.security,
    owner_platform: contract.owners.platform,
    escalation: contract.owners.escalation,
    runs: runs.next === null ? runs.records.length : `${RUNS_COUNTED} or more`,
    last_run: runs.records[0]?.entry.time ?? null,
  };
}
