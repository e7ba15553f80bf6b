import { at, defineWorkflow } from '@portreeve/sdk';
import { input } from './input.ts';
import { entitlements, people } from './sources.ts';
import { endTemporaryAccess, grantTemporaryAccess, showTemporaryAccess } from './tools.ts';

/** Finds the narrowest entitlement for what a manager says somebody must do, and proposes to grant it for a while. */
export default defineWorkflow({
  name: 'access-grant',
  version: '1.0.0',
  title: 'Temporary access',
  purpose:
    'Prepares temporary access for a person whose manager says what they must do: the model chooses among what the system has to give, policy limits it, a second person approves it, and it ends by itself.',
  tier: 'high',
  owners: {
    security: 'identity-security@corp.example',
    platform: 'directory-services@corp.example',
    business: 'access-management@corp.example',
    escalation: 'duty-manager@corp.example',
  },
  approvers: ['access-approvers'],
  approval_timeout_minutes: 8 * 60,
  input,
  sources: [entitlements, people],
  tools: [grantTemporaryAccess, endTemporaryAccess, showTemporaryAccess],
  prompts: ['choose-entitlement'],
  on_outage: { do: 'hand_off' },
  procedures: {
    'choose-entitlement': {
      title: 'Choose an entitlement by hand',
      steps: [
        'Read what the person must do, and what the system has to give, among the material.',
        'Take the entitlement that allows it and the least besides; where two do, the one of lower risk.',
        'Give it back as JSON with a justification and the ids of what you compared. Where none fits, decline.',
      ],
      group: 'access-approvers',
      due_minutes: 4 * 60,
    },
  },
  boundaries: {
    repositories: [],
    logs: [],
    production_logs: false,
    secrets: 'redact',
    identifiers: { customer: 'never', personal: 'clear' },
    kept: { models: ['public-cloud', 'own-tenancy', 'inside'], days: 30 },
  },
  regulation: [
    {
      framework: 'SOC 2 (AICPA TSC 2017, points of focus of 2022)',
      article: 'CC6.3 (role-based access, least privilege, segregation of duties)',
      met: 'The narrowest entitlement is proposed, ends by itself, and is approved by somebody who did not ask.',
    },
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 14 (human oversight)',
      met: 'One of access-approvers decides on each access; the model proposes among what the system has to give.',
    },
  ],
  // How often somebody was given access through this workflow: the rules in `policies/` use it.
  history: {
    grants_for_person: { kind: 'count', tools: ['grant_temporary_access'], by: ['/person'], window: '24h' },
  },

  async run({ input, read, ask, act }) {
    const { person, system, hours, need } = input;
    const who = await read(people.name, { person });
    const offered = await read(entitlements.name, { system });
    if (who.count === 0 || offered.count === 0) return { status: 'nothing_to_grant', granted: false };
    const choice = await ask('choose-entitlement', {
      need,
      person: who.evidence,
      entitlements: offered.evidence,
    });
    const outcome = await act(
      grantTemporaryAccess.name,
      {
        person,
        entitlement: at(choice, '/entitlement'),
        minutes: hours * 60,
        justification: at(choice, '/justification'),
      },
      { rationale: `The manager asked for ${hours} hours in ${system}: ${need}`, evidence: offered.evidence },
    );
    switch (outcome.status) {
      case 'succeeded':
        return { status: 'granted', granted: true, execution: outcome.execution, narrowed: [...outcome.narrowed] };
      case 'denied':
        return { status: 'denied', granted: false, approval: outcome.approval, by: outcome.by };
      case 'refused':
        return {
          status: 'refused',
          granted: false,
          reasons: outcome.decision.reasons.map(({ text }) => text),
          next: outcome.decision.next,
        };
      case 'failed':
        return { status: 'failed', granted: false, reason: outcome.reason };
      case 'unknown':
        return { status: 'unknown', handoff: outcome.handoff };
    }
  },
});
