import { type FrameworkMap, rows } from './framework.ts';

const from = {
  edition: 'ISO/IEC 42001:2023, Annex A',
  source: 'Ids of the controls; in our own words, because the text is ISO’s',
};

export const iso42001: FrameworkMap = {
  framework: 'iso-42001',
  title: 'ISO/IEC 42001, Annex A',
  controls: rows(from, [
    [
      'A.2.2',
      'A policy for AI',
      ['policy-loaded'],
      'The policy that your management has approved is a document of yours.',
    ],
    ['A.3.2', 'Roles and responsibilities', ['accounts-made', 'approvals-by-others']],
    [
      'A.3.3',
      'Concerns can be reported',
      ['work-finished-by-people'],
      'Reports of concerns from outside come in elsewhere.',
    ],
    ['A.4.3', 'Data resources are documented', ['sources-labelled']],
    ['A.4.4', 'Tooling resources are documented', ['releases-on-record', 'definitions-decided']],
    ['A.4.5', 'System and computing resources are documented', ['starts-recorded', 'executors-apart']],
    ['A.5.2', 'A process for assessing impact', [], 'Impact assessments are made and kept by you.'],
    ['A.5.4', 'Impact on individuals or groups is assessed', [], 'Impact assessments are made and kept by you.'],
    ['A.5.5', 'Impact on society is assessed', [], 'Impact assessments are made and kept by you.'],
    ['A.6.2.4', 'Verification and validation', ['releases-tested', 'answers-validated', 'claims-checked']],
    [
      'A.6.2.5',
      'Deployment',
      ['promotions-approved', 'releases-rolled-back', 'releases-on-record', 'changes-recorded'],
    ],
    ['A.6.2.6', 'Operation and monitoring', ['runs-ended', 'drift-alarms', 'outages-seen', 'models-fail-to-people']],
    ['A.6.2.8', 'Event logs', ['runs-ended', 'intent-before-effect', 'log-verified', 'log-witnessed']],
    ['A.7.4', 'Quality of data', ['injection-findings'], 'Whether the data of a source is right is for its owner.'],
    ['A.7.5', 'Provenance of data', ['sources-labelled', 'arguments-traced']],
    [
      'A.8.2',
      'Information for users',
      [],
      'ACCEPTABLE_USE.md of each workflow is part of its release; whether people read it is not on record.',
    ],
    ['A.8.4', 'Incidents are communicated', ['incidents-declared', 'people-told']],
    ['A.9.2', 'Processes for responsible use', ['answers-judged', 'approvals-by-others', 'planted-caught']],
    ['A.9.4', 'Intended use', ['actions-refused', 'sources-refused']],
    [
      'A.10.2',
      'Responsibilities are allocated to third parties',
      [],
      'Contracts with third parties are kept elsewhere.',
    ],
    ['A.10.3', 'Suppliers', ['models-named', 'definitions-decided']],
  ]),
};
