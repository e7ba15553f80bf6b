import { defineWorkflow } from '@portreeve/sdk';
import { input } from './input.ts';
import { consumersBehind, dueSecrets } from './sources.ts';
import { restorePreviousServiceSecret, rotateServiceSecret } from './tools.ts';

/** Rotates the secret of a service that is due, looks whether all that use it have the new one, and goes back if not. */
export default defineWorkflow({
  name: 'secret-rotation',
  version: '1.0.0',
  title: 'Secret rotation',
  purpose:
    'Rotates secrets in a vault that knows one all-powerful password: a person approves each rotation, and what fails to take the new secret up makes it go back within the overlap.',
  tier: 'medium',
  owners: {
    security: 'identity-security@corp.example',
    platform: 'vault-operations@corp.example',
    business: 'service-owners@corp.example',
    escalation: 'duty-manager@corp.example',
  },
  approvers: ['vault-approvers'],
  approval_timeout_minutes: 8 * 60,
  input,
  sources: [dueSecrets, consumersBehind],
  tools: [rotateServiceSecret, restorePreviousServiceSecret],
  prompts: [],
  boundaries: {
    repositories: [],
    logs: [],
    production_logs: false,
    secrets: 'redact',
    identifiers: { customer: 'never', personal: 'never' },
    // It asks no model.
    kept: { models: [], days: 30 },
  },
  regulation: [
    {
      framework: 'NIST SP 800-53 Rev. 5, release 5.2.0',
      article: 'IA-5 Authenticator Management',
      met: 'A secret that is due is rotated, with an overlap and a way back; a person approves each rotation.',
    },
    {
      framework: 'EU AI Act (Regulation (EU) 2024/1689, amended by 2026/1744)',
      article: 'Article 14 (human oversight)',
      not_applicable: 'No model is asked: the workflow is ordinary code.',
    },
  ],
  history: {
    rotations_of_service: {
      kind: 'count',
      tools: ['rotate_service_secret_with_overlap'],
      by: ['/service'],
      window: '24h',
    },
  },

  async run({ input, read, act }) {
    const { service, older_than_days, overlap_minutes } = input;
    const due = await read(dueSecrets.name, { service, older_than_days });
    if (due.count === 0) return { status: 'not_due', rotated: false };
    const rotation = await act(
      rotateServiceSecret.name,
      { service, overlap_minutes },
      { rationale: `The secret of ${service} is older than ${older_than_days} days.`, evidence: due.evidence },
    );
    if (rotation.status !== 'succeeded') return { status: rotation.status, rotated: false };
    const behind = await read(consumersBehind.name, { service });
    if (behind.count === 0) return { status: 'rotated', rotated: true, execution: rotation.execution };
    const back = await act(
      restorePreviousServiceSecret.name,
      { service },
      { rationale: `Not everything that uses ${service} has taken the new secret up.`, evidence: behind.evidence },
    );
    return { status: back.status === 'succeeded' ? 'restored' : back.status, rotated: back.status !== 'succeeded' };
  },
});
