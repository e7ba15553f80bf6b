import { at, defineWorkflow } from '@portreeve/sdk';
import { input } from './input.ts';
import { attachedLogs, caseLogs } from './sources.ts';
import { publishCaseSummary } from './tools.ts';

/** Reads the logs of a case, has a model summarise them, and proposes to publish the summary in the case. */
export default defineWorkflow({
  name: 'incident-summary',
  version: '1.0.0',
  title: 'Incident summary',
  purpose:
    'Gives the people who work on a security case a short summary in which every statement names the log events it rests on. It judges no person and takes no containment step.',
  tier: 'high',
  owners: {
    security: 'security-operations@corp.example',
    platform: 'platform-engineering@corp.example',
    business: 'incident-management@corp.example',
    escalation: 'duty-manager@corp.example',
  },
  approvers: ['incident-leads'],
  approval_timeout_minutes: 24 * 60,
  input,
  file_input: { case_id: '{name}', logs: 'attached' },
  on_outage: { do: 'hand_off' },
  procedures: {
    'summarise-incident': {
      title: 'Summarise a case by hand',
      steps: [
        'Read the events among the material, in the order of time.',
        'Write title, severity, summary, statements and next steps; give with each statement the ids of the events that show it.',
        'Give them back as JSON. Where the events do not carry a summary, decline and say why.',
      ],
      due_minutes: 8 * 60,
    },
  },
  boundaries: {
    repositories: [],
    logs: [caseLogs.name, attachedLogs.name],
    // A security case is about what happened there.
    production_logs: true,
    secrets: 'redact',
    // Accounts of people who work here have to be told apart; customers have no place in event logs of machines.
    identifiers: { customer: 'never', personal: 'clear' },
    kept: { models: ['public-cloud', 'own-tenancy', 'inside'], days: 90 },
  },
  regulation: [
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 14 (human oversight)',
      met: 'A member of incident-leads reads and signs each publication, and can stop the workflow by a freeze.',
    },
    {
      framework: 'GDPR (Regulation (EU) 2016/679)',
      article: 'Article 22 (automated decisions)',
      not_applicable: 'It judges no person and prepares no measure against one: acceptable use prohibits that.',
    },
    {
      framework: 'NIST SP 800-53 Rev. 5, release 5.2.0',
      article: 'IR-4 Incident Handling',
      met: 'The summary names the events that it rests on, so that whoever handles the incident can check them.',
    },
  ],
  sources: [caseLogs, attachedLogs],
  tools: [publishCaseSummary],
  prompts: ['summarise-incident'],

  async run({ input, read, ask, act }) {
    const { case_id, question, logs } = input;
    const events = logs === 'attached' ? await read(attachedLogs.name, {}) : await read(caseLogs.name, { case_id });
    const told = { case_id, events_read: events.count, events_available: events.available };
    if (events.count === 0) return { ...told, status: 'nothing_to_summarise', published: false };

    const summary = await ask('summarise-incident', {
      case_id,
      question: question ?? null,
      coverage: { events_read: events.count, events_available: events.available },
      events: events.evidence,
    });
    const outcome = await act(
      publishCaseSummary.name,
      {
        case_id,
        title: at(summary, '/title'),
        severity: at(summary, '/severity'),
        summary: at(summary, '/summary'),
        statements: at(summary, '/statements'),
        next_steps: at(summary, '/next_steps'),
      },
      {
        rationale: `The analyst asked for a summary of ${case_id}. It was written from ${events.count} of ${events.available} log events.`,
        evidence: events.evidence,
      },
    );

    switch (outcome.status) {
      case 'succeeded':
        return { ...told, status: 'published', published: true, execution: outcome.execution };
      case 'failed':
        return { ...told, status: 'failed', published: false, execution: outcome.execution, reason: outcome.reason };
      case 'unknown':
        // Nobody knows whether it was published: a person finds out and says so.
        return { ...told, status: 'unknown', execution: outcome.execution, handoff: outcome.handoff };
      case 'denied':
        return { ...told, status: 'denied', published: false, approval: outcome.approval, by: outcome.by };
      case 'refused':
        return {
          ...told,
          status: 'refused',
          published: false,
          decision: outcome.decision.id,
          reasons: outcome.decision.reasons.map((reason) => reason.text),
          next: outcome.decision.next,
        };
    }
  },
});
