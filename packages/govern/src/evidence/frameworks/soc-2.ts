import { type FrameworkMap, rows } from './framework.ts';

const from = {
  edition: 'AICPA Trust Services Criteria 2017, points of focus revised 2022',
  source: 'Ids of the common criteria; in our own words, because the text is the AICPA’s',
};

export const soc2: FrameworkMap = {
  framework: 'soc-2',
  title: 'SOC 2 (Trust Services Criteria, security)',
  controls: rows(from, [
    ['CC6.1', 'Logical access to what is protected', ['people-sign-in', 'calls-refused', 'keys-managed']],
    [
      'CC6.2',
      'Users are registered before they get credentials, and removed',
      ['accounts-made', 'credentials-end', 'agents-reviewed'],
    ],
    [
      'CC6.3',
      'Access by role, least privilege, separation of duties',
      ['approvals-by-others', 'two-people', 'accounts-made'],
    ],
    [
      'CC6.6',
      'Threats from outside the boundary',
      ['sign-ins-refused', 'injection-findings', 'forged-verdicts-refused'],
    ],
    ['CC6.7', 'Moving information is restricted', ['data-kept-from-endpoints', 'data-deidentified', 'actions-refused']],
    ['CC6.8', 'Unauthorised software is prevented or detected', ['releases-on-record', 'definitions-decided']],
    [
      'CC7.1',
      'Changes of configuration are detected',
      ['changes-recorded', 'starts-recorded'],
      'Scans for vulnerabilities are made elsewhere.',
    ],
    ['CC7.2', 'Anomalies are watched for', ['drift-alarms', 'injection-findings', 'log-verified']],
    ['CC7.3', 'Security events are evaluated', ['incidents-declared', 'work-finished-by-people']],
    ['CC7.4', 'Incidents are answered', ['stopped-by-people', 'agents-stopped', 'people-told']],
    ['CC7.5', 'Recovery from incidents', ['backups-made', 'restored-openly', 'effects-taken-back']],
    [
      'CC8.1',
      'Changes are authorised, tested, approved and made',
      [
        'promotions-approved',
        'releases-tested',
        'releases-rolled-back',
        'changes-recorded',
        'releases-on-record',
        'definitions-decided',
      ],
    ],
  ]),
};
