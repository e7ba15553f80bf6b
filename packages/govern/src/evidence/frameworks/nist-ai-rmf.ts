import { type FrameworkMap, rows } from './framework.ts';

const from = {
  edition: 'NIST AI RMF 1.0 (AI 100-1, January 2023; under revision)',
  source: 'NIST AI 100-1, subcategories (public domain; titles shortened here)',
};

export const nistAiRmf: FrameworkMap = {
  framework: 'nist-ai-rmf',
  title: 'NIST AI Risk Management Framework',
  controls: rows(from, [
    [
      'GOVERN 1.4',
      'Risk management through transparent policies and controls',
      ['policy-loaded', 'decisions-give-reasons'],
    ],
    [
      'GOVERN 1.5',
      'Ongoing monitoring and periodic review are planned',
      ['agents-reviewed', 'log-verified', 'drift-alarms'],
    ],
    ['GOVERN 1.6', 'AI systems are inventoried', ['releases-on-record', 'starts-recorded', 'agents-reviewed']],
    ['GOVERN 1.7', 'Decommissioning is safe', ['agents-stopped', 'credentials-end']],
    [
      'GOVERN 2.1',
      'Roles and responsibilities are documented',
      ['accounts-made'],
      'Who holds an office in your organisation is not on record here.',
    ],
    [
      'GOVERN 3.2',
      'Roles for human-AI configurations and oversight',
      ['approvals-by-others', 'two-people', 'work-finished-by-people'],
    ],
    [
      'GOVERN 4.3',
      'Testing, incident identification and sharing',
      ['incidents-declared', 'planted-caught', 'people-told'],
    ],
    [
      'GOVERN 6.1',
      'Risks of third parties are addressed',
      ['definitions-decided', 'data-kept-from-endpoints'],
      'Contracts and licences with third parties are kept elsewhere.',
    ],
    ['GOVERN 6.2', 'Contingency for failures of third parties', ['models-fall-back', 'outages-seen']],
    [
      'MAP 2.2',
      'Knowledge limits and how people oversee output',
      ['answers-judged', 'claims-checked', 'work-finished-by-people'],
    ],
    ['MAP 3.3', 'The scope of application is specified', ['releases-on-record', 'sources-refused', 'actions-refused']],
    [
      'MAP 3.5',
      'Processes for human oversight are defined',
      ['approvals-by-others', 'quorums-met', 'unanswered-denied'],
    ],
    ['MAP 4.2', 'Internal controls for components, third parties included', ['definitions-decided', 'executors-apart']],
    [
      'MEASURE 2.4',
      'Functionality and behaviour are monitored in production',
      ['runs-ended', 'models-named', 'drift-alarms'],
    ],
    [
      'MEASURE 2.6',
      'The system is safe and can fail safely',
      ['unknown-to-people', 'runs-recovered', 'models-fail-to-people'],
    ],
    [
      'MEASURE 2.7',
      'Security and resilience are evaluated',
      ['injection-findings', 'forged-verdicts-refused', 'grants-refused'],
    ],
    [
      'MEASURE 2.8',
      'Transparency and accountability are examined',
      ['log-verified', 'decisions-give-reasons', 'runs-pinned'],
    ],
    ['MEASURE 2.10', 'Privacy risk is examined', ['data-deidentified', 'fields-minimised', 'data-erased']],
    [
      'MEASURE 2.11',
      'Fairness and bias are evaluated',
      [],
      'No record here measures fairness: evaluate it with the people whom the decisions are about.',
    ],
    [
      'MEASURE 3.3',
      'Users can report problems and appeal',
      ['work-finished-by-people'],
      'Where people outside complain is named in ACCEPTABLE_USE.md, and their complaints are not recorded here.',
    ],
    ['MANAGE 2.4', 'Supersede, disengage or deactivate', ['stopped-by-people', 'agents-stopped']],
    ['MANAGE 3.1', 'Third-party resources are monitored', ['models-named', 'outages-seen', 'definitions-decided']],
    [
      'MANAGE 4.1',
      'Post-deployment monitoring: override, incidents, change',
      ['approvals-denied', 'effects-taken-back', 'changes-recorded'],
    ],
    ['MANAGE 4.3', 'Incidents and errors are tracked and communicated', ['incidents-declared', 'people-told']],
  ]),
};
