import { type FrameworkMap, rows } from './framework.ts';

const from = {
  edition: 'OWASP Top 10 for LLM Applications 2026 (published 2026-08-04)',
  source: 'GenAI-Security-Project/GenAI-LLM-Top10, 2026/README.md (ids and titles; CC BY-SA 4.0)',
};

export const owaspLlm: FrameworkMap = {
  framework: 'owasp-llm',
  title: 'OWASP Top 10 for LLM Applications',
  controls: rows(from, [
    [
      'LLM01:2026',
      'Prompt Injection',
      ['sources-labelled', 'injection-findings', 'arguments-traced', 'readers-quarantined'],
    ],
    [
      'LLM02:2026',
      'Sensitive Information Disclosure',
      ['fields-minimised', 'data-deidentified', 'data-kept-from-endpoints', 'data-cleared'],
    ],
    [
      'LLM03:2026',
      'Excessive Agency',
      ['decisions-give-reasons', 'actions-refused', 'approvals-by-others', 'grants-once'],
    ],
    [
      'LLM04:2026',
      'Supply Chain',
      [
        'definitions-decided',
        'releases-signed',
        'releases-turned-away',
        'releases-barred',
        'releases-on-record',
        'models-named',
      ],
    ],
    [
      'LLM05:2026',
      'Data and Model Poisoning',
      ['sources-labelled', 'drift-alarms'],
      'What a vendor trains its model with is not known here.',
    ],
    [
      'LLM06:2026',
      'Unbounded Consumption',
      ['models-named', 'models-fall-back'],
      'Limits of rate, tokens and cost stand in the configuration; no fact counts the calls that they held back.',
    ],
    ['LLM07:2026', 'Misinformation', ['claims-checked', 'answers-judged', 'work-finished-by-people']],
    [
      'LLM08:2026',
      'Hidden Context Exposure',
      ['answers-validated'],
      'That no secret stands in a prompt is shown by tests of a release, and by no record of its use.',
    ],
    [
      'LLM09:2026',
      'Vector and Embedding Weaknesses',
      [],
      'Portreeve keeps no vectors; what a source of yours does with them is yours.',
    ],
    ['LLM10:2026', 'Improper Output Handling', ['answers-validated', 'grants-once', 'intent-before-effect']],
  ]),
};
