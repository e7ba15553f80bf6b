import { type FrameworkMap, rows } from './framework.ts';

/** The articles on high-risk systems apply from 2 December 2027 (Annex III) and 2 August 2028 (Annex I). */
const from = {
  edition:
    'Regulation (EU) 2024/1689 as amended by (EU) 2026/1744; applies from 2 December 2027 (Annex III) or 2 August 2028 (Annex I)',
  source: 'Numbers of articles and paragraphs; in our own words',
};
/** Article 50 applies since 2 August 2026. */
const transparency = {
  edition: 'Regulation (EU) 2024/1689 as amended by (EU) 2026/1744; applies since 2 August 2026',
  source: from.source,
};

export const euAiAct: FrameworkMap = {
  framework: 'eu-ai-act',
  title: 'EU AI Act (record-keeping, oversight, deployers)',
  controls: [
    ...rows(from, [
      ['Art. 12(1)', 'Events are recorded automatically', ['runs-ended', 'intent-before-effect', 'log-verified']],
      [
        'Art. 12(2)(a)',
        'Events that show risk or a substantial modification',
        ['changes-recorded', 'releases-on-record', 'incidents-declared'],
      ],
      ['Art. 12(2)(b)', 'Events for monitoring after placing on the market', ['drift-alarms', 'models-named']],
      ['Art. 12(2)(c)', 'Events for monitoring the operation', ['runs-ended', 'outages-seen']],
      [
        'Art. 14(4)(a)',
        'Overseers understand capacities and limits',
        ['answers-judged'],
        'What people were taught is not on record.',
      ],
      ['Art. 14(4)(b)', 'Overseers are aware of automation bias', ['planted-caught']],
      ['Art. 14(4)(c)', 'Overseers can interpret the output', ['claims-checked', 'arguments-traced']],
      [
        'Art. 14(4)(d)',
        'Overseers can disregard, override or reverse',
        ['approvals-denied', 'work-finished-by-people', 'effects-taken-back'],
      ],
      ['Art. 14(4)(e)', 'Overseers can intervene or stop', ['stopped-by-people']],
      ['Art. 14(5)', 'Two people verify, where it is asked for', ['two-people', 'quorums-met']],
      [
        'Art. 19',
        'Logs are kept by the provider',
        ['log-verified', 'backups-made'],
        'For how long is set under `retention` and `audit.online_days`: six months at the least.',
      ],
      [
        'Art. 26(1)',
        'Use according to the instructions',
        ['actions-refused', 'sources-refused'],
        'Instructions of a provider are a document of theirs.',
      ],
      [
        'Art. 26(2)',
        'Oversight is given to competent people',
        ['approvals-by-others', 'planted-caught'],
        'Training and authority of people are not on record.',
      ],
      [
        'Art. 26(5)',
        'Operation is monitored, and others are informed',
        ['drift-alarms', 'incidents-declared', 'people-told'],
        'Reports to providers and authorities are made elsewhere.',
      ],
      [
        'Art. 26(6)',
        'Logs are kept by the deployer',
        ['log-verified', 'backups-made', 'holds-set'],
        'For how long is set under `retention` and `audit.online_days`: six months at the least.',
      ],
      ['Art. 26(7)', 'Workers are informed', [], 'That workers were informed is not on record.'],
      ['Art. 26(11)', 'Affected people are informed', [], 'That affected people were informed is not on record.'],
    ]),
    ...rows(transparency, [
      [
        'Art. 50',
        'Transparency towards people',
        [],
        'Whether your workflow tells people that they deal with a machine stands in what it writes, and in no fact here.',
      ],
    ]),
  ],
};
