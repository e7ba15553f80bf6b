import { type Finding, fail, pass, type ReadinessInput, WORKFLOW_FILE } from './item.ts';

const ANSWERS =
  "boundaries: { repositories: [], logs: [], production_logs: false, secrets: 'redact', identifiers: { customer: 'never', personal: 'pseudonyms' }, kept: { models: ['own-tenancy'], days: 30 } }";

/** A6: the questions about data are answered, and the answers fit what is declared. */
export function boundaries({ contract, sources, prompts, config }: ReadinessInput): Finding {
  const answers = contract.boundaries;
  if (!answers) return fail('the questions about its data are not answered', WORKFLOW_FILE, ANSWERS);
  const holding = { logs: answers.logs, repository: answers.repositories };
  for (const [holds, names] of Object.entries(holding)) {
    const member = holds === 'logs' ? 'logs' : 'repositories';
    const wrong = names.find((name) => !sources.some((source) => source.name === name && source.holds === holds));
    if (wrong !== undefined)
      return fail(
        `boundaries.${member} names ${wrong}, which is no source that says it holds ${holds === 'logs' ? 'logs' : 'code'}`,
        'sources.ts',
        `${wrong}: holds: '${holds}'; or take it out of boundaries.${member}`,
      );
    const unnamed = sources.find((source) => source.holds === holds && !names.includes(source.name));
    if (unnamed)
      return fail(
        `the source ${unnamed.name} holds ${holds === 'logs' ? 'logs' : 'code'} and is not named, so every read of it is refused`,
        WORKFLOW_FILE,
        `boundaries: { ${member}: ['${unnamed.name}'] }`,
      );
  }
  const { models, days } = answers.kept;
  if (prompts.length > 0 && !config.models.some(({ where }) => models.includes(where)))
    return fail(
      `no configured endpoint runs where its prompts may go (${models.join(', ') || 'nowhere'}), so every question is refused`,
      WORKFLOW_FILE,
      `boundaries: { kept: { models: ['${config.models[0]?.where ?? 'inside'}'] } }; or configure an endpoint there`,
    );
  const { customer, personal } = answers.identifiers;
  return pass(
    `secrets: ${answers.secrets}; customer data: ${customer}, personal data: ${personal}; to models in ${models.join(', ') || 'no place'}; kept ${days} days`,
  );
}
