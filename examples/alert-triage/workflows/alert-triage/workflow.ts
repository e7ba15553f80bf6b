import { at, defineWorkflow } from '@portreeve/sdk';
import { input } from './input.ts';
import { alertEvents, alertRecord } from './sources.ts';
import { clearAlertSeverity, isolateHost, releaseHost, setAlertSeverity } from './tools.ts';

/** Rates an alert by what was seen on the host, and proposes to isolate the host where it is grave. */
export default defineWorkflow({
  name: 'alert-triage',
  version: '1.0.0',
  title: 'Alert triage',
  purpose:
    'Rates alerts of the fleet by what the agents on the machines saw, so that people see the gravest first. It proposes to take a host off the network; it never does so by itself, and it closes no alert.',
  tier: 'medium',
  owners: {
    security: 'security-operations@corp.example',
    platform: 'endpoint-engineering@corp.example',
    business: 'incident-management@corp.example',
    escalation: 'duty-manager@corp.example',
  },
  approvers: ['incident-leads'],
  // A host that is broken into does not wait for tomorrow: the lead on duty has four hours.
  approval_timeout_minutes: 4 * 60,
  input,
  sources: [alertRecord, alertEvents],
  tools: [setAlertSeverity, clearAlertSeverity, isolateHost, releaseHost],
  prompts: ['rate-alert', 'gather-reasons'],
  on_outage: { do: 'hand_off' },
  boundaries: {
    repositories: [],
    logs: [alertEvents.name],
    // The fleet is production: that is what the alerts are about.
    production_logs: true,
    secrets: 'redact',
    identifiers: { customer: 'never', personal: 'clear' },
    kept: { models: ['public-cloud', 'own-tenancy', 'inside'], days: 90 },
  },
  regulation: [
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 14 (human oversight)',
      met: 'A lead sees the events and decides before a host is taken off the network, and puts it back by an undo.',
    },
    {
      framework: 'NIST SP 800-53 Rev. 5, release 5.2.0',
      article: 'IR-4 Incident Handling',
      met: 'Alerts are rated by what was seen, with the events beside the rating; containment is a person’s decision.',
    },
  ],
  history: {
    isolations: { kind: 'count', tools: ['isolate_host'], by: [], window: '1h' },
  },

  async run({ input: { alert }, read, classify, extract, outcome, act }) {
    const record = await read(alertRecord.name, { alert });
    const events = await read(alertEvents.name, { alert });
    if (record.count === 0 || events.count === 0) return { alert, status: 'nothing_seen', isolated: false };

    const rating = await classify('rate-alert', { alert: record.evidence, events: events.evidence });
    const rated = await act(
      setAlertSeverity.name,
      { alert, severity: at(rating, '/severity') },
      { rationale: `${events.count} events of the alert were read.`, evidence: events.evidence },
    );
    const grave = await outcome(rating, '/severity', ['high', 'critical']);
    if (grave === null) return { alert, rated: rated.status, status: 'rated', isolated: false };

    const found = await extract('gather-reasons', { events: events.evidence });
    const isolation = await act(
      isolateHost.name,
      // Which host it is stands in the alert: nothing that ran on it, and no model, can name another.
      { alert, host: at(record.evidence, '/0/fields/host'), reasons: at(found, '/reasons') },
      { rationale: `The alert was rated ${grave}.`, evidence: events.evidence },
    );
    const told = { alert, rated: rated.status, severity: grave };
    switch (isolation.status) {
      case 'succeeded':
        return { ...told, status: 'isolated', isolated: true, execution: isolation.execution };
      case 'denied':
        return { ...told, status: 'denied', isolated: false, approval: isolation.approval, by: isolation.by };
      case 'failed':
        return { ...told, status: 'failed', isolated: false, reason: isolation.reason };
      case 'unknown':
        // Nobody knows whether the host is off the network: a person finds out and says so.
        return { ...told, status: 'unknown', handoff: isolation.handoff };
      case 'refused':
        return {
          ...told,
          status: 'refused',
          isolated: false,
          reasons: isolation.decision.reasons.map(({ text }) => text),
          next: isolation.decision.next,
        };
    }
  },
});
