import { type FrameworkMap, rows } from './framework.ts';

const from = {
  edition: 'CSA MAESTRO, seven layers (2025)',
  source: 'CloudSecurityAlliance/MAESTRO (names of the layers; secondary source)',
};

export const csaMaestro: FrameworkMap = {
  framework: 'csa-maestro',
  title: 'CSA MAESTRO',
  controls: rows(from, [
    [
      'L1',
      'Foundation Models',
      ['models-named', 'models-fall-back', 'answers-validated'],
      'How a vendor trains and aligns its model is not known here.',
    ],
    ['L2', 'Data Operations', ['sources-labelled', 'fields-minimised', 'data-deidentified', 'data-erased']],
    ['L3', 'Agent Frameworks', ['decisions-give-reasons', 'grants-once', 'agents-declare-intent']],
    [
      'L4',
      'Deployment & Infrastructure',
      ['starts-recorded', 'executors-apart', 'keys-managed'],
      'Hosts, networks and the database are run by you.',
    ],
    ['L5', 'Evaluation & Observability', ['runs-ended', 'drift-alarms', 'planted-caught', 'log-verified']],
    ['L6', 'Security & Compliance', ['policy-loaded', 'calls-refused', 'readings-recorded', 'log-witnessed']],
    ['L7', 'Agent Ecosystem', ['agents-reviewed', 'delegation-narrow', 'definitions-decided', 'asked-by-others']],
  ]),
};
