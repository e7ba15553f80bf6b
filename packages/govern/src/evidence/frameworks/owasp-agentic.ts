import { type FrameworkMap, rows } from './framework.ts';

const from = {
  edition: 'OWASP Top 10 for Agentic Applications 2026 (published 2025-12-09)',
  source: 'GenAI-Security-Project/GenAI-LLM-Top10, 2026/final, Appendix 1 (ids and titles; CC BY-SA 4.0)',
};

export const owaspAgentic: FrameworkMap = {
  framework: 'owasp-agentic',
  title: 'OWASP Top 10 for Agentic Applications',
  controls: rows(from, [
    [
      'ASI01',
      'Agent Goal Hijack',
      ['sources-labelled', 'injection-findings', 'arguments-traced', 'agents-declare-intent', 'readers-quarantined'],
    ],
    [
      'ASI02',
      'Tool Misuse & Exploitation',
      ['decisions-give-reasons', 'actions-refused', 'actions-narrowed', 'grants-once'],
    ],
    [
      'ASI03',
      'Identity & Privilege Abuse',
      ['agents-reviewed', 'delegation-narrow', 'calls-refused', 'credentials-end', 'credentials-minted'],
    ],
    [
      'ASI04',
      'Agentic Supply Chain Vulnerabilities',
      [
        'definitions-decided',
        'releases-signed',
        'releases-turned-away',
        'releases-barred',
        'releases-on-record',
        'changes-recorded',
      ],
    ],
    [
      'ASI05',
      'Unexpected Code Execution (RCE)',
      ['answers-validated', 'executors-apart'],
      'That no tool of yours runs code which a model wrote is a property of your tools’ contracts.',
    ],
    [
      'ASI06',
      'Memory & Context Poisoning',
      ['sources-labelled', 'data-cleared', 'pseudonyms-erased', 'injection-findings'],
    ],
    ['ASI07', 'Insecure Inter-Agent Communication', ['delegation-narrow', 'workloads-sign-in', 'sign-ins-refused']],
    ['ASI08', 'Cascading Failures', ['unknown-to-people', 'models-fall-back', 'stopped-by-people', 'runs-recovered']],
    [
      'ASI09',
      'Human-Agent Trust Exploitation',
      ['planted-caught', 'approvals-by-others', 'approvals-signed', 'claims-checked'],
    ],
    ['ASI10', 'Rogue Agents', ['agents-reviewed', 'agents-stopped', 'drift-alarms', 'stopped-by-people']],
  ]),
};
