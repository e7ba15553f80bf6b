import { each, type Fact, gap, seen, shown } from '../found.ts';

const modelsNamed: Fact = async (look) =>
  each(
    (await look.records('model.answered')).filter(({ data }) => data !== null),
    ({ data }) => data !== null && data.model_answered !== '' && data.prompt_version !== '',
    {
      what: 'answers of models',
      holds: 'name endpoint, model asked and answered, version of the prompt, tokens and latency',
      none: 'No answer of a model is on record.',
    },
  );

const answersValidated: Fact = async (look) => {
  const [valid, rejected] = [await look.records('output.validated'), await look.records('output.rejected')];
  if (valid.length + rejected.length === 0) return gap('No answer of a model was checked against its schema.');
  const figures = { valid: valid.length, rejected: rejected.length };
  const text = `Answers that satisfied their schema: ${figures.valid}; that were rejected by it: ${figures.rejected}.`;
  return shown(text, [...rejected, ...valid], figures);
};

/** Names the change nearest to each alarm. Where there is none, no record shows that anybody watched. */
const driftAlarms: Fact = async (look) => {
  const alarms = await look.records('drift.alarm');
  if (alarms.length === 0)
    return gap('No alarm of drift is on record. The watch writes alarms alone, so no record shows it at work.');
  const named = alarms.filter(({ data }) => data?.nearest).length;
  const figures = { alarms: alarms.length, with_change: named };
  return shown(
    `Alarms of drift: ${figures.alarms}, of them with the change nearest in time: ${named}.`,
    alarms,
    figures,
  );
};

export const MODEL_FACTS = {
  'models-named': modelsNamed,
  'answers-validated': answersValidated,
  'drift-alarms': driftAlarms,
  'claims-checked': seen(
    'output.validated',
    {
      what: 'answers had their claims compared with the passages that they quote',
      none: 'No answer whose claims were looked up is on record.',
    },
    ({ data }) => data?.claims !== undefined,
  ),
  'models-fall-back': seen(['endpoint.passed_over', 'question.waits', 'question.degraded'], {
    what: 'times an endpoint failed and the declared way went on (another endpoint, a queue, a stated answer)',
    none: 'No fall-back of a model is on record.',
  }),
  'models-fail-to-people': seen('model.failed', {
    what: 'questions were given up, so that a person takes them',
    none: 'No question that was given up is on record.',
  }),
} as const satisfies Record<string, Fact>;
