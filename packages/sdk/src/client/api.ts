// Generated from the server's OpenAPI document: UPDATE_CLIENT=1 npx vitest run test/api-client.test.ts. Do not edit.
// biome-ignore-all format: as it is generated
// biome-ignore-all lint: as it is generated

export type Problem = { type: string; title: string; status: number; detail: string; instance?: string; code: "bad_request" | "bad_input" | "not_signed_in" | "sign_in_failed" | "proof_needed" | "too_many_attempts" | "overloaded" | "busy" | "budget_exhausted" | "refused" | "not_found" | "unknown_workflow" | "unknown_case" | "out_of_scope" | "too_large" | "conflict" | "erased" | "never_revealed" | "held" | "idempotency_mismatch" | "frozen" | "not_ready" | "approval_closed" | "approver_is_requester" | "approver_not_eligible" | "already_voted" | "digest_mismatch" | "bad_signature" | "signature_too_weak" | "reason_required" | "grant_invalid" | "grant_expired" | "grant_spent" | "grant_mismatch" | "source_failed" | "egress_refused" | "model_failed" | "no_policy" | "release_broken" | "release_not_ready" | "no_release" | "policy_broken" | "candidate_broken" | "already_running" | "audit_unavailable" | "log_broken" | "unavailable" | "misconfigured" | "internal"; next: string; errors?: ({ path: string; message: string })[]; decision?: unknown; acceptable_use?: string };

/** Each operation of the API: what it takes and what it answers. */
export interface Api {
  /** End a connection of an older revision of MCP. */
  'DELETE /mcp': {
    params: {};
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** End anybody’s passkey. */
  'DELETE /v1/accounts/:id/passkeys/:passkey': {
    params: { id: string; passkey: string };
    query: {};
    body: undefined;
    answer: { status: "revoked" };
  };
  /** End all sessions of an account, and refuse the access tokens with which agents act for it. */
  'DELETE /v1/accounts/:id/sessions': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { ended: number };
  };
  /** End a delegation that one gave, or was given. */
  'DELETE /v1/approval-delegations/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { status: "ended" };
  };
  /** End one of one’s own passkeys: what it signed and is not yet carried out counts no more. */
  'DELETE /v1/passkeys/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { status: "revoked" };
  };
  /** Sign out. */
  'DELETE /v1/session': {
    params: {};
    query: {};
    body: undefined;
    answer: { status: "ended" };
  };
  /** End a session: one’s own, or an administrator anybody’s. */
  'DELETE /v1/sessions/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { status: "ended" };
  };
  /** Revoke an API token. */
  'DELETE /v1/tokens/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { status: "revoked" };
  };
  /** Where the policy decision point answers (AuthZEN 1.0, metadata). */
  'GET /.well-known/authzen-configuration': {
    params: {};
    query: {};
    body: undefined;
    answer: { policy_decision_point: string; access_evaluation_endpoint: string; access_evaluations_endpoint: string };
  };
  /** The public keys that verify grants and access tokens (RFC 7517). */
  'GET /.well-known/jwks.json': {
    params: {};
    query: {};
    body: undefined;
    answer: { keys: ({ kty: string })[] };
  };
  /** Where tokens are exchanged, and by which keys they verify (RFC 8414). */
  'GET /.well-known/oauth-authorization-server': {
    params: {};
    query: {};
    body: undefined;
    answer: { issuer: string; token_endpoint: string; jwks_uri: string; grant_types_supported: (string)[]; response_types_supported: (string)[]; token_endpoint_auth_methods_supported: (string)[] };
  };
  /** What the MCP endpoint is as a resource, and who makes tokens for it (RFC 9728). */
  'GET /.well-known/oauth-protected-resource/mcp': {
    params: {};
    query: {};
    body: undefined;
    answer: { resource: string; authorization_servers: (string)[]; bearer_methods_supported: (string)[]; scopes_supported: (string)[]; resource_name: string };
  };
  /** The page of one approval, to be read and decided by passkey. To open it decides nothing. */
  'GET /approve/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** The process answers. */
  'GET /healthz': {
    params: {};
    query: {};
    body: undefined;
    answer: { status: "ok" };
  };
  /** Listen on a connection of an older revision of MCP. */
  'GET /mcp': {
    params: {};
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** The figures over the whole log, in Prometheus’ text format. */
  'GET /metrics': {
    params: {};
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** The database answers and policy is loaded. */
  'GET /readyz': {
    params: {};
    query: {};
    body: undefined;
    answer: { status: "ready"; simulated: boolean };
  };
  /** Accounts by id or by name, page by page; of one kind alone where one is named. */
  'GET /v1/accounts': {
    params: {};
    query: { sort?: "id" | "-id" | "name" | "-name"; limit?: number; after?: string; kind?: "person" | "service" | "agent" };
    body: undefined;
    answer: { accounts: ({ id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] })[]; next: string | null };
  };
  /** The passkeys of an account. */
  'GET /v1/accounts/:id/passkeys': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { passkeys: ({ id: string; account: string; name: string; alg: string; device_bound: boolean; rp_id: string; aaguid: string; created_at: string; revoked_at: string | null })[] };
  };
  /** Registered agents, by id, by state or by the day of their review. */
  'GET /v1/agents': {
    params: {};
    query: { sort?: "id" | "-id" | "state" | "-state" | "review" | "-review"; limit?: number; after?: string };
    body: undefined;
    answer: { agents: ({ id: string; name: string; owner: string; purpose: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; tools: (string)[]; data: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; environment: "development" | "test" | "staging" | "production"; state: "proposed" | "active" | "suspended" | "retired"; review_by: string; created_at: string; changed_at: string })[]; next: string | null };
  };
  /** One agent. */
  'GET /v1/agents/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; name: string; owner: string; purpose: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; tools: (string)[]; data: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; environment: "development" | "test" | "staging" | "production"; state: "proposed" | "active" | "suspended" | "retired"; review_by: string; created_at: string; changed_at: string };
  };
  /** In whose place one decides, and who in one’s own; ended ones too. */
  'GET /v1/approval-delegations': {
    params: {};
    query: {};
    body: undefined;
    answer: { delegations: ({ id: string; delegator: string; delegate: string; groups: (string)[]; reason: string; from_at: string; until: string; ended_at: string | null })[] };
  };
  /** Approvals, in the order of when they were asked for, or of when they are denied by themselves. */
  'GET /v1/approvals': {
    params: {};
    query: { state?: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended"; mine?: string; sort?: "asked" | "-asked" | "until" | "-until"; limit?: number; after?: string };
    body: undefined;
    answer: { approvals: ({ id: string; proposal: string; proposal_digest: string; decision: string; preview_digest: string | null; requesters: (string)[]; demands: ({ groups: (string)[]; quorum: number })[]; groups: (string)[]; quorum: number; confirm_by: string | null; signature: "key" | "passkey" | "device_bound"; reason_chars_min: number; state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended"; created_at: string; expires_at: string; closed_at: string | null; verdicts: ({ statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; passkey: { handle: string; alg: "ES256" | "EdDSA" | "RS256"; public_key: string; authenticator_data: string; client_data: string; signature: string } })[]; tool: string | null; workflow: string | null; tier: string | null; requester: string | null; run: string | null })[]; next: string | null; note: string | null };
  };
  /** One approval with all that its approver must see. */
  'GET /v1/approvals/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { preview: { digest: string; age_s: number; shown: { state: "made"; tool: string; tool_version: string; proposal: string; execution: string; made_at: string; label: { integrity: "trusted" | "internal" | "untrusted"; confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[]; origins: (string)[] }; form: "diff" | "fields"; declared: (string)[]; result: unknown } | { state: "missing"; why: "refused" | "failed" | "unknown" | "late" | "too_large" | "outdated" | "misconfigured"; text: string; proposal: string | null; made_at: string }; changes: ({ kind: "added"; path: string; after: unknown } | { kind: "removed"; path: string; before: unknown } | { kind: "changed"; path: string; was_at?: string; before: unknown; after: unknown })[] | null; fields: ({ name: string; declared: boolean; value: unknown })[] } | null };
  };
  /** The signed head of a log (C2SP tlog-checkpoint). */
  'GET /v1/audit/checkpoint': {
    params: {};
    query: { log?: string };
    body: undefined;
    answer: { checkpoint: string; vkey: string; size: number };
  };
  /** Whose data was asked to be erased, and what became of that; newest first. */
  'GET /v1/audit/erasures': {
    params: {};
    query: { limit?: number; after?: string };
    body: undefined;
    answer: { erasures: ({ id: string; subject: string; reason: string; state: string; requested_by: string; requested_at: string; closed_by: string | null; closed_at: string | null; keys: number | null })[]; next: string | null };
  };
  /** Export a log for checking offline: JSON Lines of {file, text}, to be written one after another. */
  'GET /v1/audit/export': {
    params: {};
    query: { run?: string; workflow?: string; type?: "system.started" | "system.stopped" | "config.changed" | "executor.started" | "executor.stopped" | "reasoner.started" | "reasoner.stopped" | "policy.loaded" | "release.loaded" | "release.added" | "release.evidence" | "release.turned_away" | "release.moved" | "change.opened" | "change.moved" | "release.piloted" | "environment.changed" | "key.created" | "secret.changed" | "credential.lease" | "identity.account_created" | "identity.signed_in" | "identity.sign_in_failed" | "identity.proven" | "identity.signed_out" | "identity.token_created" | "identity.token_revoked" | "identity.account_changed" | "identity.signing_key_registered" | "identity.passkey_invited" | "identity.passkey_challenged" | "identity.passkey_enrolled" | "identity.passkey_revoked" | "identity.session_rotated" | "identity.sessions_ended" | "identity.token_rotated" | "identity.workload_signed_in" | "identity.delegated" | "identity.token_exchanged" | "identity.access_revoked" | "identity.agent_registered" | "identity.agent_changed" | "identity.holdings_revoked" | "identity.refused" | "api.read" | "api.refused" | "authzen.evaluated" | "run.submitted" | "run.admitted" | "run.refused" | "run.recovered" | "run.ended" | "source.read" | "source.refused" | "tool.answered" | "tool.refused" | "prompt.refused" | "source.failed" | "prompt.assembled" | "endpoint.refused" | "endpoint.passed_over" | "question.waits" | "question.degraded" | "deidentification.failed" | "model.answered" | "model.attempt_failed" | "model.failed" | "output.validated" | "step.judged" | "outcome.seen" | "output.rejected" | "arguments.restored" | "pseudonyms.erased" | "values.removed" | "proposal.submitted" | "proposal.narrowed" | "decision.made" | "approval.requested" | "approval.verdict" | "approval.stood_in" | "approval.nudged" | "approval.delegated" | "approval.delegation_ended" | "oversight.planted" | "oversight.opened" | "oversight.alarm" | "approval.viewed" | "approval.refused_verdict" | "approval.amended" | "approval.closed" | "grant.issued" | "grant.refused" | "execution.intent" | "execution.result" | "settlement.planned" | "settlement.tried" | "settlement.ended" | "undo.requested" | "undo.refused" | "undo.ended" | "unwinding.begun" | "unwinding.ended" | "notice.posted" | "notification.sent" | "notification.failed" | "handoff.opened" | "handoff.assigned" | "handoff.escalated" | "handoff.closed" | "agent.session_opened" | "agent.intent_declared" | "agent.session_ended" | "mcp.connection" | "mcp.definition_withheld" | "mcp.definition_decided" | "audit.read" | "audit.detached" | "audit.erasure_requested" | "audit.erasure_refused" | "audit.erased" | "audit.hold_set" | "audit.hold_lifted" | "audit.root_rotated" | "audit.keys_rewrapped" | "audit.reveal_requested" | "audit.reveal_decided" | "audit.revealed" | "audit.verified" | "audit.place" | "drift.alarm" | "workflow.suspended" | "evidence.reported" | "backup.begun" | "backup.ended" | "audit.restored"; actor?: string; tool?: string; agent?: string; outcome?: string; code?: string; model?: string; prompt?: string; prompt_version?: string; proposal?: string; approval?: string; policy_version?: string; release?: string; since?: string; until?: string; words?: string; log?: string };
    body: undefined;
    answer: unknown;
  };
  /** Legal holds, newest first. */
  'GET /v1/audit/holds': {
    params: {};
    query: { all?: "true" | "false"; limit?: number; after?: string };
    body: undefined;
    answer: { holds: ({ id: string; kind: "subject" | "workflow" | "purpose"; target: string; reason: string; set_by: string; set_at: string; lifted_by: string | null; lifted_at: string | null })[]; next: string | null };
  };
  /** The logs of the record: what each is called, what signs it, and how many records it holds. */
  'GET /v1/audit/logs': {
    params: {};
    query: {};
    body: undefined;
    answer: { logs: ({ name: string; workflows: (string)[]; origin: string; vkey: string; cosigner_vkey: string | null; size: number })[] };
  };
  /** A receipt for one record: c2sp.org/tlog-proof@v1 with the entry that it proves. */
  'GET /v1/audit/proof/:place': {
    params: { place: string };
    query: {};
    body: undefined;
    answer: { proof: string; entry: string; payload: unknown; vkey: string };
  };
  /** Search the record. */
  'GET /v1/audit/records': {
    params: {};
    query: { run?: string; workflow?: string; type?: "system.started" | "system.stopped" | "config.changed" | "executor.started" | "executor.stopped" | "reasoner.started" | "reasoner.stopped" | "policy.loaded" | "release.loaded" | "release.added" | "release.evidence" | "release.turned_away" | "release.moved" | "change.opened" | "change.moved" | "release.piloted" | "environment.changed" | "key.created" | "secret.changed" | "credential.lease" | "identity.account_created" | "identity.signed_in" | "identity.sign_in_failed" | "identity.proven" | "identity.signed_out" | "identity.token_created" | "identity.token_revoked" | "identity.account_changed" | "identity.signing_key_registered" | "identity.passkey_invited" | "identity.passkey_challenged" | "identity.passkey_enrolled" | "identity.passkey_revoked" | "identity.session_rotated" | "identity.sessions_ended" | "identity.token_rotated" | "identity.workload_signed_in" | "identity.delegated" | "identity.token_exchanged" | "identity.access_revoked" | "identity.agent_registered" | "identity.agent_changed" | "identity.holdings_revoked" | "identity.refused" | "api.read" | "api.refused" | "authzen.evaluated" | "run.submitted" | "run.admitted" | "run.refused" | "run.recovered" | "run.ended" | "source.read" | "source.refused" | "tool.answered" | "tool.refused" | "prompt.refused" | "source.failed" | "prompt.assembled" | "endpoint.refused" | "endpoint.passed_over" | "question.waits" | "question.degraded" | "deidentification.failed" | "model.answered" | "model.attempt_failed" | "model.failed" | "output.validated" | "step.judged" | "outcome.seen" | "output.rejected" | "arguments.restored" | "pseudonyms.erased" | "values.removed" | "proposal.submitted" | "proposal.narrowed" | "decision.made" | "approval.requested" | "approval.verdict" | "approval.stood_in" | "approval.nudged" | "approval.delegated" | "approval.delegation_ended" | "oversight.planted" | "oversight.opened" | "oversight.alarm" | "approval.viewed" | "approval.refused_verdict" | "approval.amended" | "approval.closed" | "grant.issued" | "grant.refused" | "execution.intent" | "execution.result" | "settlement.planned" | "settlement.tried" | "settlement.ended" | "undo.requested" | "undo.refused" | "undo.ended" | "unwinding.begun" | "unwinding.ended" | "notice.posted" | "notification.sent" | "notification.failed" | "handoff.opened" | "handoff.assigned" | "handoff.escalated" | "handoff.closed" | "agent.session_opened" | "agent.intent_declared" | "agent.session_ended" | "mcp.connection" | "mcp.definition_withheld" | "mcp.definition_decided" | "audit.read" | "audit.detached" | "audit.erasure_requested" | "audit.erasure_refused" | "audit.erased" | "audit.hold_set" | "audit.hold_lifted" | "audit.root_rotated" | "audit.keys_rewrapped" | "audit.reveal_requested" | "audit.reveal_decided" | "audit.revealed" | "audit.verified" | "audit.place" | "drift.alarm" | "workflow.suspended" | "evidence.reported" | "backup.begun" | "backup.ended" | "audit.restored"; actor?: string; tool?: string; agent?: string; outcome?: string; code?: string; model?: string; prompt?: string; prompt_version?: string; proposal?: string; approval?: string; policy_version?: string; release?: string; since?: string; until?: string; words?: string; limit?: number; order?: "newest" | "oldest"; sort?: "time" | "-time" | "actor" | "-actor" | "type" | "-type" | "agent" | "-agent" | "outcome" | "-outcome" | "workflow" | "-workflow" | "tool" | "-tool" | "model" | "-model" | "policy_version" | "-policy_version" | "release" | "-release"; log?: string; after?: string };
    body: undefined;
    answer: { records: ({ place: string; entry: { v: 1; id: string; log: string; index: number; time: string; type: "system.started" | "system.stopped" | "config.changed" | "executor.started" | "executor.stopped" | "reasoner.started" | "reasoner.stopped" | "policy.loaded" | "release.loaded" | "release.added" | "release.evidence" | "release.turned_away" | "release.moved" | "change.opened" | "change.moved" | "release.piloted" | "environment.changed" | "key.created" | "secret.changed" | "credential.lease" | "identity.account_created" | "identity.signed_in" | "identity.sign_in_failed" | "identity.proven" | "identity.signed_out" | "identity.token_created" | "identity.token_revoked" | "identity.account_changed" | "identity.signing_key_registered" | "identity.passkey_invited" | "identity.passkey_challenged" | "identity.passkey_enrolled" | "identity.passkey_revoked" | "identity.session_rotated" | "identity.sessions_ended" | "identity.token_rotated" | "identity.workload_signed_in" | "identity.delegated" | "identity.token_exchanged" | "identity.access_revoked" | "identity.agent_registered" | "identity.agent_changed" | "identity.holdings_revoked" | "identity.refused" | "api.read" | "api.refused" | "authzen.evaluated" | "run.submitted" | "run.admitted" | "run.refused" | "run.recovered" | "run.ended" | "source.read" | "source.refused" | "tool.answered" | "tool.refused" | "prompt.refused" | "source.failed" | "prompt.assembled" | "endpoint.refused" | "endpoint.passed_over" | "question.waits" | "question.degraded" | "deidentification.failed" | "model.answered" | "model.attempt_failed" | "model.failed" | "output.validated" | "step.judged" | "outcome.seen" | "output.rejected" | "arguments.restored" | "pseudonyms.erased" | "values.removed" | "proposal.submitted" | "proposal.narrowed" | "decision.made" | "approval.requested" | "approval.verdict" | "approval.stood_in" | "approval.nudged" | "approval.delegated" | "approval.delegation_ended" | "oversight.planted" | "oversight.opened" | "oversight.alarm" | "approval.viewed" | "approval.refused_verdict" | "approval.amended" | "approval.closed" | "grant.issued" | "grant.refused" | "execution.intent" | "execution.result" | "settlement.planned" | "settlement.tried" | "settlement.ended" | "undo.requested" | "undo.refused" | "undo.ended" | "unwinding.begun" | "unwinding.ended" | "notice.posted" | "notification.sent" | "notification.failed" | "handoff.opened" | "handoff.assigned" | "handoff.escalated" | "handoff.closed" | "agent.session_opened" | "agent.intent_declared" | "agent.session_ended" | "mcp.connection" | "mcp.definition_withheld" | "mcp.definition_decided" | "audit.read" | "audit.detached" | "audit.erasure_requested" | "audit.erasure_refused" | "audit.erased" | "audit.hold_set" | "audit.hold_lifted" | "audit.root_rotated" | "audit.keys_rewrapped" | "audit.reveal_requested" | "audit.reveal_decided" | "audit.revealed" | "audit.verified" | "audit.place" | "drift.alarm" | "workflow.suspended" | "evidence.reported" | "backup.begun" | "backup.ended" | "audit.restored"; actor: { id: string; kind: "person" | "service" | "agent" | "system" | "anonymous"; act: ({ id: string; kind: "person" | "service" | "agent" })[] }; refs: { run?: string; workflow?: string; release?: string; proposal?: string; decision?: string; approval?: string; grant?: string; execution?: string; handoff?: string; tool?: string; policy_version?: string; model?: string; prompt?: string; prompt_version?: string; codes?: (string)[] }; keys: (string)[]; outcome: string; payload_digest: string }; payload: { nonce: string; actor_name: string; data: Record<string, unknown> } | null; erased: { cause: "erasure" | "retention"; time: string; record: string } | null })[]; next: string | null };
  };
  /** One record. */
  'GET /v1/audit/records/:place': {
    params: { place: string };
    query: {};
    body: undefined;
    answer: { place: string; entry: { v: 1; id: string; log: string; index: number; time: string; type: "system.started" | "system.stopped" | "config.changed" | "executor.started" | "executor.stopped" | "reasoner.started" | "reasoner.stopped" | "policy.loaded" | "release.loaded" | "release.added" | "release.evidence" | "release.turned_away" | "release.moved" | "change.opened" | "change.moved" | "release.piloted" | "environment.changed" | "key.created" | "secret.changed" | "credential.lease" | "identity.account_created" | "identity.signed_in" | "identity.sign_in_failed" | "identity.proven" | "identity.signed_out" | "identity.token_created" | "identity.token_revoked" | "identity.account_changed" | "identity.signing_key_registered" | "identity.passkey_invited" | "identity.passkey_challenged" | "identity.passkey_enrolled" | "identity.passkey_revoked" | "identity.session_rotated" | "identity.sessions_ended" | "identity.token_rotated" | "identity.workload_signed_in" | "identity.delegated" | "identity.token_exchanged" | "identity.access_revoked" | "identity.agent_registered" | "identity.agent_changed" | "identity.holdings_revoked" | "identity.refused" | "api.read" | "api.refused" | "authzen.evaluated" | "run.submitted" | "run.admitted" | "run.refused" | "run.recovered" | "run.ended" | "source.read" | "source.refused" | "tool.answered" | "tool.refused" | "prompt.refused" | "source.failed" | "prompt.assembled" | "endpoint.refused" | "endpoint.passed_over" | "question.waits" | "question.degraded" | "deidentification.failed" | "model.answered" | "model.attempt_failed" | "model.failed" | "output.validated" | "step.judged" | "outcome.seen" | "output.rejected" | "arguments.restored" | "pseudonyms.erased" | "values.removed" | "proposal.submitted" | "proposal.narrowed" | "decision.made" | "approval.requested" | "approval.verdict" | "approval.stood_in" | "approval.nudged" | "approval.delegated" | "approval.delegation_ended" | "oversight.planted" | "oversight.opened" | "oversight.alarm" | "approval.viewed" | "approval.refused_verdict" | "approval.amended" | "approval.closed" | "grant.issued" | "grant.refused" | "execution.intent" | "execution.result" | "settlement.planned" | "settlement.tried" | "settlement.ended" | "undo.requested" | "undo.refused" | "undo.ended" | "unwinding.begun" | "unwinding.ended" | "notice.posted" | "notification.sent" | "notification.failed" | "handoff.opened" | "handoff.assigned" | "handoff.escalated" | "handoff.closed" | "agent.session_opened" | "agent.intent_declared" | "agent.session_ended" | "mcp.connection" | "mcp.definition_withheld" | "mcp.definition_decided" | "audit.read" | "audit.detached" | "audit.erasure_requested" | "audit.erasure_refused" | "audit.erased" | "audit.hold_set" | "audit.hold_lifted" | "audit.root_rotated" | "audit.keys_rewrapped" | "audit.reveal_requested" | "audit.reveal_decided" | "audit.revealed" | "audit.verified" | "audit.place" | "drift.alarm" | "workflow.suspended" | "evidence.reported" | "backup.begun" | "backup.ended" | "audit.restored"; actor: { id: string; kind: "person" | "service" | "agent" | "system" | "anonymous"; act: ({ id: string; kind: "person" | "service" | "agent" })[] }; refs: { run?: string; workflow?: string; release?: string; proposal?: string; decision?: string; approval?: string; grant?: string; execution?: string; handoff?: string; tool?: string; policy_version?: string; model?: string; prompt?: string; prompt_version?: string; codes?: (string)[] }; keys: (string)[]; outcome: string; payload_digest: string }; payload: { nonce: string; actor_name: string; data: Record<string, unknown> } | null; erased: { cause: "erasure" | "retention"; time: string; record: string } | null };
  };
  /** All that the record says of one run, each record with its proof under one checkpoint. */
  'GET /v1/audit/replay/:run': {
    params: { run: string };
    query: {};
    body: undefined;
    answer: { format: "portreeve-replay@v1"; run: string; log: string; origin: string; vkey: string; checkpoint: string; records: ({ index: number; entry: string; payload: string | null; path: (string)[] })[] };
  };
  /** Who wished to see the value behind which mark, why, and what became of that; newest first. */
  'GET /v1/audit/reveals': {
    params: {};
    query: { limit?: number; after?: string };
    body: undefined;
    answer: { reveals: ({ id: string; mark: string; run: string | null; reason: string; state: "waiting" | "allowed" | "refused" | "shown"; requested_by: string; requested_at: string; decided_by: string | null; decided_at: string | null; until: string })[]; next: string | null };
  };
  /** How far each stream of the record is, and why one does not go on. */
  'GET /v1/audit/streams': {
    params: {};
    query: {};
    body: undefined;
    answer: { streams: ({ name: string; log: string; to: "http" | "syslog" | "file" | "s3"; format: "jsonl" | "ocsf" | "otlp" | "cloudevents"; next: number; lag: number; waiting_since: string | null; delivered_at: string | null; problem: string | null })[] };
  };
  /** The newest checkpoint with every signature and cosignature (C2SP tlog-checkpoint). */
  'GET /v1/audit/tlog/checkpoint': {
    params: {};
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** The same of a log by its name. */
  'GET /v1/audit/tlog/logs/:log/checkpoint': {
    params: { log: string };
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** The same of a log by its name. */
  'GET /v1/audit/tlog/logs/:log/tile/*': {
    params: { log: string; "*": string };
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** A tile of hashes, `<L>/<N>[.p/<W>]`, or a bundle of entries, `entries/<N>[.p/<W>]` (C2SP tlog-tiles). */
  'GET /v1/audit/tlog/tile/*': {
    params: { "*": string };
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** New and changed releases, upstream definitions, configuration and model versions, and where each stands; newest first. */
  'GET /v1/changes': {
    params: {};
    query: { kind?: "release" | "definition" | "configuration" | "model"; state?: "open" | "approved" | "rejected" | "settled" | "withdrawn"; workflow?: string; limit?: number; after?: string };
    body: undefined;
    answer: { changes: ({ change: string; kind: "release" | "definition" | "configuration" | "model"; subject: string; from: string | null; to: string; workflows: (string)[]; owners: (string)[]; risk: "low" | "medium" | "high" | "critical"; reason: string; opened_by: string; opened_at: string; state: "open" | "approved" | "rejected" | "settled" | "withdrawn"; pieces: number; looser: number })[]; next: string | null };
  };
  /** One change: what is otherwise, in words, what was run again since, and who decided. */
  'GET /v1/changes/:change': {
    params: { change: string };
    query: {};
    body: undefined;
    answer: { change: string; kind: "release" | "definition" | "configuration" | "model"; subject: string; from: string | null; to: string; workflows: (string)[]; owners: (string)[]; risk: "low" | "medium" | "high" | "critical"; reason: string; opened_by: string; opened_at: string; state: "open" | "approved" | "rejected" | "settled" | "withdrawn"; pieces: ({ area: "workflow" | "tools" | "sources" | "models" | "policies" | "identity rights" | "upstream definitions" | "model versions" | "prompts" | "code" | "tests" | "acceptable use" | "components"; text: string; loosens: boolean; lines: (string)[] })[]; evidence: ({ workflow: string; release: string | null; reports: (string)[]; lacks: ({ path: string; message: string })[] })[]; moves: ({ event: "approve" | "reject" | "settle" | "withdraw"; from: "open" | "approved" | "rejected" | "settled" | "withdrawn"; to: "open" | "approved" | "rejected" | "settled" | "withdrawn"; reason: string; by: string; at: string; proposal: string | null; evidence: (string)[] })[]; asked: { proposal: string; at: string } | null };
  };
  /** The tool definitions of upstream MCP servers, each with its changes and findings. */
  'GET /v1/definitions': {
    params: {};
    query: { upstream?: string };
    body: undefined;
    answer: { definitions: ({ upstream: string; tool: string; definition: string; body: Record<string, unknown>; state: "withheld" | "approved" | "withdrawn"; changes: (unknown)[] | null; findings: (string)[]; contract: unknown; why: string | null })[] };
  };
  /** What is wrong here, and what mends it: database, log, systems, certificates, reviews, work that waits. */
  'GET /v1/doctor': {
    params: {};
    query: {};
    body: undefined;
    answer: { findings: ({ check: "node-version" | "project" | "policies" | "plain-credentials" | "sign-in" | "state-folder" | "holder" | "keys-missing" | "key-files" | "core-dumps" | "disk" | "secrets" | "database" | "database-version" | "connections" | "schema" | "clock" | "role-rights" | "unplaced" | "run-queue" | "systems" | "certificates" | "models" | "checkpoints" | "reviews" | "exceptions" | "handoffs" | "unknown" | "frozen" | "executors" | "gatekeepers" | "reasoners"; ok: boolean; detail: string; fix: string | null })[] };
  };
  /** What holds now: freezes and incidents, and the newest changes. */
  'GET /v1/environment': {
    params: {};
    query: { history?: number };
    body: undefined;
    answer: { name: string; freezes: (string)[]; incident: boolean; maintenance: (string)[]; outages: (string)[]; holds: ({ subject: string; state: string; reason: string; by: string; at: string; from: string | null; until: string | null })[]; history: ({ subject: string; state: string; reason: string; by: string; at: string; from: string | null; until: string | null })[] };
  };
  /** What the record shows of each control of a framework, with proofs, and what it does not show. */
  'GET /v1/evidence/:framework': {
    params: { framework: "owasp-agentic" | "owasp-llm" | "nist-ai-rmf" | "csa-maestro" | "nist-800-53" | "iso-42001" | "soc-2" | "eu-ai-act" };
    query: { from?: string; to?: string };
    body: undefined;
    answer: { format: "portreeve-evidence@v1"; framework: "owasp-agentic" | "owasp-llm" | "nist-ai-rmf" | "csa-maestro" | "nist-800-53" | "iso-42001" | "soc-2" | "eu-ai-act"; title: string; made_at: string; span: { from: string; to: string }; portreeve: string; environment: "development" | "test" | "staging" | "production"; scope: (string)[] | null; remarks: (string)[]; controls: ({ id: string; title: string; edition: string; source: string; state: "shown" | "partly" | "contrary" | "gap"; answers: ({ fact: string; state: "shown" | "contrary" | "gap"; text: string; figures: Record<string, number>; records: (string)[] })[]; beyond: string | null })[]; logs: ({ name: string; origin: string; vkey: string; size: number; checkpoint: string })[]; proofs: ({ place: string; proof: string; entry: string })[] };
  };
  /** Whether an execution can be undone, and where its undo stands. */
  'GET /v1/executions/:id/undo': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { proposal: string; execution: string; tool: string; state: "none" | "requested" | "declined" | "undone" | "failed" | "unknown" | "impossible"; by_proposal: string | null; approval: string | null; asked_by: string | null; reason: string | null; why: string | null; handoff: string | null; until: string | null };
  };
  /** The figures of a time, each with the filter that gives its records. */
  'GET /v1/figures': {
    params: {};
    query: { since?: string; until?: string; by?: "workflow" | "tool" | "model" | "prompt" | "policy_version" | "release" };
    body: undefined;
    answer: { since: string; until: string; figures: ({ id: string; title: string; group: string; alarm: boolean; filter: { type: string; outcome?: string; code?: string }; count: number; before: number; series: (number)[]; values: ({ value: string | null; count: number })[] })[]; codes: ({ code: string; type: string; count: number; layers: ("identity" | "data" | "action" | "environment")[]; rules: (string)[] })[]; models: ({ model: string; calls: number; input_tokens: number; output_tokens: number; p50_ms: number; p95_ms: number })[]; costs: ({ value: string | null; currency: string; micros: number; answered: number; failed: number; unpriced: number })[]; spent: ({ currency: string; micros: number; series: (number | null)[] })[]; latency: { answers: number; p50_ms: number | null; p95_ms: number | null; series: ({ answers: number; p50_ms: number | null; p95_ms: number | null } | null)[] }; latencies: ({ value: string | null; answers: number; p50_ms: number | null; p95_ms: number | null })[]; models_whole: boolean; marks: ({ at: string; place: string; what: string })[] };
  };
  /** What one’s groups were told of: actions that went ahead, newest first. */
  'GET /v1/notices': {
    params: {};
    query: { limit?: number; after?: string };
    body: undefined;
    answer: { notices: (unknown)[]; next: string | null };
  };
  /** Begin a sign-in: send the browser to the identity provider. */
  'GET /v1/oidc/:provider/begin': {
    params: { provider: string };
    query: { prove?: "anew" };
    body: undefined;
    answer: { location: string };
  };
  /** Finish a sign-in: the identity provider sends the browser here, and it leaves with a session cookie. */
  'GET /v1/oidc/:provider/callback': {
    params: { provider: string };
    query: {};
    body: undefined;
    answer: { location: string };
  };
  /** How people decide: time to verdict, time in view, approval rates and what looks like stamping. */
  'GET /v1/oversight': {
    params: {};
    query: { days?: number };
    body: undefined;
    answer: { since: string; until: string; rules: { fast_s: number; fast_percent: number; yes_percent: number; verdicts_min: number; batch_size: number }; decisions: number; unreadable: number; cut: boolean; teams: ({ name: string; verdicts: number; approved: number; denied: number; confirmed: number; amended: number; approved_percent: number | null; to_verdict_p50_ms: number | null; to_verdict_p90_ms: number | null; in_view_p50_ms: number | null; in_view_known: number; alarms: ({ alarm: "fast" | "always_yes" | "large_batch"; rule: string; counted: number; of: number })[]; records: (string)[] })[]; reviewers: ({ name: string; verdicts: number; approved: number; denied: number; confirmed: number; amended: number; approved_percent: number | null; to_verdict_p50_ms: number | null; to_verdict_p90_ms: number | null; in_view_p50_ms: number | null; in_view_known: number; alarms: ({ alarm: "fast" | "always_yes" | "large_batch"; rule: string; counted: number; of: number })[]; records: (string)[] })[]; kinds: ({ name: string; verdicts: number; approved: number; denied: number; confirmed: number; amended: number; approved_percent: number | null; to_verdict_p50_ms: number | null; to_verdict_p90_ms: number | null; in_view_p50_ms: number | null; in_view_known: number; alarms: ({ alarm: "fast" | "always_yes" | "large_batch"; rule: string; counted: number; of: number })[]; records: (string)[] })[]; planted: ({ team: string; planted: number; caught: number; missed: number; unanswered: number; caught_percent: number | null; to_verdict_p50_ms: number | null; real_to_verdict_p50_ms: number | null; in_view_p50_ms: number | null; real_in_view_p50_ms: number | null; records: (string)[] })[] | null; planted_by: ({ requester: string; asked: number; planted: number; planted_percent: number })[] | null };
  };
  /** One’s own passkeys. */
  'GET /v1/passkeys': {
    params: {};
    query: {};
    body: undefined;
    answer: { passkeys: ({ id: string; account: string; name: string; alg: string; device_bound: boolean; rp_id: string; aaguid: string; created_at: string; revoked_at: string | null })[] };
  };
  /** Recorded decisions with the requests that they judged, oldest first: JSON Lines, `{"end":true}` last. */
  'GET /v1/policy/decisions': {
    params: {};
    query: { since?: string; until?: string };
    body: undefined;
    answer: unknown;
  };
  /** The files of the project’s own rules as they are in force, or the baseline’s where it has none. */
  'GET /v1/policy/files': {
    params: {};
    query: {};
    body: undefined;
    answer: { own: boolean; files: ({ name: string; text: string })[] };
  };
  /** How an action of one’s own stands; nothing is carried out. */
  'GET /v1/proposals/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; status: "succeeded" | "given" | "waiting" | "ready" | "running" | "failed" | "unknown" | "refused" | "denied"; carried_out_by: "gateway" | "caller"; args_digest?: string; result?: unknown; narrowed?: (string)[]; approval?: string; expires_at?: string; reason?: string; handoff?: string; decision?: { reasons: ({ code: string; text: string })[]; next: string } };
  };
  /** Which rule in which layer decided on a proposal, and which attribute would change it. */
  'GET /v1/proposals/:id/explanation': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { proposal: string; recorded: { outcome: "permit" | "notify" | "approve" | "narrow" | "refuse"; phase: string; policy_version: string }; same_policy: boolean; decision: unknown; layers: ({ layer: "identity" | "data" | "action" | "environment"; effect: string; errors: (string)[]; rules: ({ id: string; effect: string; file: string; line: number; text: string })[] })[]; changes: ({ attribute: string; to: string; outcome: "permit" | "notify" | "approve" | "narrow" | "refuse" })[] };
  };
  /** Work that waits for a person, in the order of its beginning, of when it is due, or of its kind. */
  'GET /v1/queue': {
    params: {};
    query: { state?: "open" | "taken" | "done" | "unfinished"; kind?: "unknown_outcome" | "failed_action" | "model_failed" | "budget_exhausted" | "model_refused" | "fallback" | "off_pattern" | "low_confidence" | "review" | "source_failed" | "refused" | "denied" | "expired_approval" | "not_undone" | "error"; run?: string; group?: string; mine?: string; sort?: "since" | "-since" | "due" | "-due" | "kind" | "-kind"; limit?: number; after?: string };
    body: undefined;
    answer: { handoffs: ({ id: string; kind: "unknown_outcome" | "failed_action" | "model_failed" | "budget_exhausted" | "model_refused" | "fallback" | "off_pattern" | "low_confidence" | "review" | "source_failed" | "refused" | "denied" | "expired_approval" | "not_undone" | "error"; state: "open" | "taken" | "done"; run: string | null; proposal: string | null; workflow: string; about: string | null; why: string; context: { withheld: true } | Record<string, unknown>; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; tried: (string)[]; material: ({ name: string; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; value?: unknown; withheld: boolean })[]; procedure: { title: string; steps: (string)[]; group?: string; escalate_to?: string; due_minutes: number } | null; awaits: Record<string, unknown> | null; result: { value: unknown; by: string; at: string } | null; next: string; requester: string | null; group: string | null; assignee: string | null; level: number; due_at: string; created_at: string; closed_at: string | null; age_minutes: number; overdue: boolean })[]; next: string | null };
  };
  /** One hand-off with its context, as far as the caller is cleared for it. */
  'GET /v1/queue/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; kind: "unknown_outcome" | "failed_action" | "model_failed" | "budget_exhausted" | "model_refused" | "fallback" | "off_pattern" | "low_confidence" | "review" | "source_failed" | "refused" | "denied" | "expired_approval" | "not_undone" | "error"; state: "open" | "taken" | "done"; run: string | null; proposal: string | null; workflow: string; about: string | null; why: string; context: { withheld: true } | Record<string, unknown>; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; tried: (string)[]; material: ({ name: string; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; value?: unknown; withheld: boolean })[]; procedure: { title: string; steps: (string)[]; group?: string; escalate_to?: string; due_minutes: number } | null; awaits: Record<string, unknown> | null; result: { value: unknown; by: string; at: string } | null; next: string; requester: string | null; group: string | null; assignee: string | null; level: number; due_at: string; created_at: string; closed_at: string | null; age_minutes: number; overdue: boolean };
  };
  /** A register, page by page: AI systems, identities that are no people, data flows, exceptions, incidents. */
  'GET /v1/registers/:name': {
    params: { name: "ai-systems" | "identities" | "data-flows" | "exceptions" | "incidents" };
    query: { from?: string; to?: string; limit?: number; after?: string };
    body: undefined;
    answer: { register: "ai-systems" | "identities" | "data-flows" | "exceptions" | "incidents"; title: string; columns: ({ name: string; means: string })[]; rows: (Record<string, string | number | boolean | null>)[]; next: string | null };
  };
  /** The reports of tests and of red teams that are attached to releases, newest first. */
  'GET /v1/release-reports': {
    params: {};
    query: { workflow?: string; kind?: "tests" | "red-team"; limit?: number; after?: string };
    body: undefined;
    answer: { reports: ({ evidence: string; kind: "tests" | "red-team"; ok: boolean; started: string; ended: string; figures: Record<string, number>; cases: number; signed_by: (string)[]; attached_by: string; attached_at: string; release: string; workflow: string })[]; next: string | null };
  };
  /** The register of releases: what there is, and where each stands; newest first. */
  'GET /v1/releases': {
    params: {};
    query: { workflow?: string; state?: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; limit?: number; after?: string };
    body: undefined;
    answer: { active: "folder" | "promoted"; releases: ({ release: string; workflow: string; version: string; risk: "low" | "medium" | "high" | "critical"; portreeve: string; origin: "bundle" | "folder"; state: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; signed_by: (string)[]; bytes: number | null; added_by: string; added_at: string })[]; next: string | null };
  };
  /** One release: its evidence, what it lacks, how it came to stand where it stands. */
  'GET /v1/releases/:release': {
    params: { release: string };
    query: {};
    body: undefined;
    answer: { release: string; workflow: string; version: string; risk: "low" | "medium" | "high" | "critical"; portreeve: string; origin: "bundle" | "folder"; state: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; signed_by: (string)[]; bytes: number | null; added_by: string; added_at: string; evidence: ({ evidence: string; kind: "tests" | "red-team"; ok: boolean; started: string; ended: string; figures: Record<string, number>; cases: number; signed_by: (string)[]; attached_by: string; attached_at: string })[]; lacks: ({ path: string; message: string })[]; moves: ({ event: "test" | "stage" | "pilot" | "promote" | "withdraw" | "supersede" | "restore" | "retire" | "bar"; from: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; to: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; reason: string; by: string; at: string; proposal: string | null })[]; pilot: { step: number; steps: number; kind: "shadow" | "users" | "share"; serves: string; runs_max: number; entered_at: string; minutes: number; taken: number; ended: number; failed: number; figures: ({ threshold: string; value: number | null; bound: number; counted: number; missed: boolean })[]; unmet: ({ path: string; message: string })[] } | null; requests: ({ proposal: string; tool: string; asked_by: string; asked_at: string; ending: string | null })[] };
  };
  /** What changes to a release from another one, or from what is in production, in words; loosening is marked. */
  'GET /v1/releases/:release/changes': {
    params: { release: string };
    query: { from?: string };
    body: undefined;
    answer: { from: string; to: string; changes: ({ area: "workflow" | "tools" | "sources" | "models" | "policies" | "prompts" | "code" | "tests" | "acceptable use" | "components"; text: string; loosens: boolean; lines: (string)[] })[]; cut: boolean };
  };
  /** A report as it was attached, under its signature (DSSE). */
  'GET /v1/releases/:release/evidence/:evidence': {
    params: { release: string; evidence: string };
    query: {};
    body: undefined;
    answer: { report: string };
  };
  /** Runs, newest first. */
  'GET /v1/runs': {
    params: {};
    query: { state?: "queued" | "running" | "waiting" | "completed" | "refused" | "handed_off" | "failed"; workflow?: string; limit?: number; order?: "newest" | "oldest"; before?: string };
    body: undefined;
    answer: { runs: ({ id: string; workflow: string; release: string; policy_version: string; principal: { id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] }; state: "queued" | "running" | "waiting" | "completed" | "refused" | "handed_off" | "failed"; input: Record<string, unknown>; shadow_of?: string; result: Record<string, unknown> | null; ending: string | null; approval: string | null; created_at: string; ended_at: string | null })[]; next: string | null };
  };
  /** One run. */
  'GET /v1/runs/:id': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; workflow: string; release: string; policy_version: string; principal: { id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] }; state: "queued" | "running" | "waiting" | "completed" | "refused" | "handed_off" | "failed"; input: Record<string, unknown>; shadow_of?: string; result: Record<string, unknown> | null; ending: string | null; approval: string | null; created_at: string; ended_at: string | null; cost: { tokens: number; micros: number; reserved: { tokens: number; micros: number }; currency: string } | null };
  };
  /** The records of one run as they are written (server-sent events); ends with the run. */
  'GET /v1/runs/:id/events': {
    params: { id: string };
    query: { after?: number };
    body: undefined;
    answer: unknown;
  };
  /** Where the unwinding of a run stands. */
  'GET /v1/runs/:id/undo': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { run: string; state: "none" | "unwinding" | "unwound" | "stopped"; reason: string | null; ahead: (string)[]; undone: (string)[]; left: ({ proposal: string; execution: string | null; tool: string; why: string })[]; handoff: string | null };
  };
  /** Who is signed in. */
  'GET /v1/session': {
    params: {};
    query: {};
    body: undefined;
    answer: { principal: { id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] }; via: "session" | "token" | "access_token" | "workload"; may: (string)[]; session: string | null; proven_at: string | null; expires_at: string };
  };
  /** One’s own signing key, wrapped: only the password opens it, and that stays with its owner. */
  'GET /v1/session/signing-key': {
    params: {};
    query: {};
    body: undefined;
    answer: { key: unknown };
  };
  /** Open sessions: one’s own, or an administrator anybody’s. */
  'GET /v1/sessions': {
    params: {};
    query: { account?: string };
    body: undefined;
    answer: { sessions: ({ id: string; account: string; environment: string; created_at: string; expires_at: string })[] };
  };
  /** How people sign in here: for the page that asks them. */
  'GET /v1/sign-in': {
    params: {};
    query: {};
    body: undefined;
    answer: { environment: string; local: boolean; providers: (string)[]; simulated: boolean };
  };
  /** What runs here: version, environment, policy, model, workflows, log. */
  'GET /v1/system': {
    params: {};
    query: {};
    body: undefined;
    answer: { version: string; environment: string; database_roles: boolean; executor: "here" | "apart"; policy_version: string; endpoints: ({ name: string; model: string; where: "public-cloud" | "own-tenancy" | "inside"; clearance: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; simulated: boolean })[]; workflows: ({ name: string; release: string; tier: string })[]; logs: ({ name: string; workflows: (string)[]; origin: string; vkey: string; cosigner_vkey: string | null; size: number })[]; places: ({ log: string; kind: "anchor" | "witness"; name: string; state: "unseen" | "working" | "failing" | "ahead"; size: number | null; detail: string | null; since: string })[]; streams: ({ name: string; log: string; to: "http" | "syslog" | "file" | "s3"; format: "jsonl" | "ocsf" | "otlp" | "cloudevents"; next: number; lag: number; waiting_since: string | null; delivered_at: string | null; problem: string | null })[]; channels: ({ name: string; kind: "slack" | "teams" | "email"; waiting: number; sent_at: string | null; problem: string | null; failed: number })[]; metrics: { system: string; sent_at: string | null; problem: string | null } | null; traces: { system: string; sent_at: string | null; problem: string | null } | null };
  };
  /** API tokens with their last use: one’s own, or an administrator anybody’s. */
  'GET /v1/tokens': {
    params: {};
    query: { account?: string; unused_days?: number };
    body: undefined;
    answer: { tokens: ({ id: string; account: string; environment: string; label: string; roles: (string)[]; tools: (string)[] | null; created_at: string; expires_at: string; revoked_at: string | null; last_used_at: string | null; replaced_by: string | null; unused: boolean })[] };
  };
  /** API tokens of anybody that are good and that nobody has used for some days: at most 200. */
  'GET /v1/tokens/unused': {
    params: {};
    query: { unused_days?: number };
    body: undefined;
    answer: { tokens: ({ id: string; account: string; environment: string; label: string; roles: (string)[]; tools: (string)[] | null; created_at: string; expires_at: string; revoked_at: string | null; last_used_at: string | null; replaced_by: string | null; unused: boolean })[] };
  };
  /** The workflows that are loaded, with scope, owners, input and acceptable use. */
  'GET /v1/workflows': {
    params: {};
    query: {};
    body: undefined;
    answer: { workflows: ({ name: string; version: string; title: string; purpose: string; tier: "low" | "medium" | "high" | "critical"; owners: { security: string; platform: string; business: string; escalation: string }; scope: { sources: (string)[]; tools: (string)[]; prompts: (string)[] }; approvers: (string)[]; approval_timeout_minutes: number; steps: Record<string, { review?: "none" | "at_action" | "now"; confidence_min_per_mille?: number }>; procedures: Record<string, { title: string; steps: (string)[]; group?: string; escalate_to?: string; due_minutes: number }>; clearances: Record<string, { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }>; thresholds?: { unattended_harm_max?: number; attack_success_per_mille_max?: number; false_alarms_per_mille_max?: number; injection_recall_per_mille_min?: number; blocked_action_per_mille_max?: number; approval_minutes_max?: number; records_complete?: boolean; live_count_min?: number }; rollout?: ({ kind: "shadow"; basis_points: number; runs_max: number; leave: { runs_min: number; minutes_min: number; failed_max: number; missed_max: number } } | { kind: "users"; users: (string)[]; groups: (string)[]; runs_max: number; leave: { runs_min: number; minutes_min: number; failed_max: number; missed_max: number } } | { kind: "share"; basis_points: number; runs_max: number; leave: { runs_min: number; minutes_min: number; failed_max: number; missed_max: number } })[]; history: Record<string, { kind: "count" | "sum" | "requesters" | "approvers"; tools: (string)[]; by: ("principal" | "actor" | string)[]; window: string; of?: string; counts: "attempted" | "succeeded" }>; input: Record<string, unknown>; input_secrecy?: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; subject?: string; file_input?: Record<string, unknown>; on_outage?: { do: "hand_off" } | { do: "wait"; minutes: number } | { do: "degrade"; answers: Record<string, Record<string, unknown>> }; while_unplaced?: "stop" | "continue"; unreviewed_model?: "record" | "suspend"; boundaries?: { repositories: (string)[]; logs: (string)[]; production_logs: boolean; secrets: "redact" | "keep"; identifiers: { customer: "never" | "pseudonyms" | "clear"; personal: "never" | "pseudonyms" | "clear" }; kept: { models: ("public-cloud" | "own-tenancy" | "inside")[]; days: number } }; regulation?: ({ framework: string; article: string; met?: string; not_applicable?: string })[]; release: string; acceptable_use: string | null; acceptable_use_page: ({ anchor: "purpose" | "approved" | "prohibited" | "scope" | "actions" | "data" | "decisions" | "exceptions" | "report"; title: string; lines: (string)[] })[]; tools: ({ name: string; version: string; title: string; description: string; tier: 1 | 2 | 3 | 4; effect: "read" | "write" | "external"; args: Record<string, unknown>; sinks: ({ path: string; kind: string })[]; clearance: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; reversible: boolean; dry_run: boolean; connector: string })[]; sources: ({ name: string; version: string; title: string; integrity: "trusted" | "internal" | "untrusted"; confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[]; fields: (string)[]; kind: string })[] })[] };
  };
  /** Whether what a workflow does has shifted, after each change and over time. */
  'GET /v1/workflows/:name/drift': {
    params: { name: string };
    query: {};
    body: undefined;
    answer: { workflow: string; log: string; from: number | null; whole: boolean; false_alarms_per_mille: number; stretches: ({ began_with: ({ kind: "release" | "model" | "prompt" | "policy"; about: string | null; from: string; to: string; index: number; time: string })[]; comparisons: ({ metric: "answer" | "length" | "confidence" | "support" | "decision" | "tool" | "outcome" | "ending"; step: string | null; by: "change" | "time"; reference_count: number; recent_count: number; shift: { value: string; before_per_mille: number; after_per_mille: number; after_count: number; at: { index: number; time: string } } | null })[] })[]; alarms: ({ metric: "answer" | "length" | "confidence" | "support" | "decision" | "tool" | "outcome" | "ending"; step: string | null; by: "change" | "time"; reference_count: number; recent_count: number; shift: { value: string; before_per_mille: number; after_per_mille: number; after_count: number; at: { index: number; time: string } }; nearest: { kind: "release" | "model" | "prompt" | "policy"; about: string | null; from: string; to: string; index: number; time: string } | null })[] };
  };
  /** Whether a workflow may go live, item by item, each that fails with its fix. */
  'GET /v1/workflows/:name/readiness': {
    params: { name: string };
    query: {};
    body: undefined;
    answer: { workflow: string; release: string; environment: "development" | "test" | "staging" | "production"; ready: boolean; items: ({ id: string; requirement: string; title: string; state: "pass" | "fail" | "not_applicable"; reason: string; fix: { file: string | null; write: string } | null })[] };
  };
  /** What the thresholds of a workflow come to while it runs; one that is missed suspends it. */
  'GET /v1/workflows/:name/thresholds': {
    params: { name: string };
    query: {};
    body: undefined;
    answer: { workflow: string; release: string; since: string; figures: ({ threshold: string; value: number | null; bound: number; counted: number; missed: boolean })[] };
  };
  /** Whether somebody may do something (AuthZEN 1.0). It is an answer and no grant: an action is decided anew at the gate.. */
  'POST /access/v1/evaluation': {
    params: {};
    query: {};
    body: { subject: { type: string; id: string; properties?: Record<string, unknown> }; action: { name: string; properties?: Record<string, unknown> }; resource: { type: string; id: string; properties?: Record<string, unknown> }; context?: Record<string, unknown> };
    answer: { decision: boolean; context: { id: string | null; outcome: "permit" | "notify" | "approve" | "narrow" | "refuse"; reasons: ({ layer: "identity" | "data" | "action" | "environment" | null; rule: string | null; code: string; text: string })[]; next: string; error?: { status: number; message: string } } };
  };
  /** Several evaluations at once (AuthZEN 1.0). It is an answer and no grant: an action is decided anew at the gate.. */
  'POST /access/v1/evaluations': {
    params: {};
    query: {};
    body: { subject?: unknown; action?: unknown; resource?: unknown; context?: unknown; evaluations?: (Record<string, unknown>)[]; options?: { evaluations_semantic?: "execute_all" | "deny_on_first_deny" | "permit_on_first_permit" } };
    answer: { evaluations: ({ decision: boolean; context: { id: string | null; outcome: "permit" | "notify" | "approve" | "narrow" | "refuse"; reasons: ({ layer: "identity" | "data" | "action" | "environment" | null; rule: string | null; code: string; text: string })[]; next: string; error?: { status: number; message: string } } })[] } | { decision: boolean; context: { id: string | null; outcome: "permit" | "notify" | "approve" | "narrow" | "refuse"; reasons: ({ layer: "identity" | "data" | "action" | "environment" | null; rule: string | null; code: string; text: string })[]; next: string; error?: { status: number; message: string } } };
  };
  /** Speak MCP (Streamable HTTP, revision 2026-07-28 and older ones). */
  'POST /mcp': {
    params: {};
    query: {};
    body: undefined;
    answer: unknown;
  };
  /** Exchange a subject’s and an agent’s token for one with which the agent acts for the subject (RFC 8693). */
  'POST /oauth/token': {
    params: {};
    query: {};
    body: undefined;
    answer: { access_token: string; issued_token_type: string; token_type: "Bearer"; expires_in: number; scope: string };
  };
  /** Make a service account, or a local one of a person. A person’s signing key is made, and wrapped, on the person’s side. */
  'POST /v1/accounts': {
    params: {};
    query: {};
    body: { name: string; kind: "person" | "service"; password?: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups?: (string)[]; signing_key?: { public_key: string; wrapped: { kdf: "argon2id"; params: { m: number; t: number; p: number }; salt: string; nonce: string; ciphertext: string } } };
    answer: { id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] };
  };
  /** Let somebody else enrol one passkey: a code, shown this once, good for a day. */
  'POST /v1/accounts/:id/passkeys/invitations': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { code: string; expires_at: string };
  };
  /** Register an agent. It is proposed, and can do nothing until it is activated. */
  'POST /v1/agents': {
    params: {};
    query: {};
    body: { name: string; owner: string; purpose: string; roles: ("requester" | "operator" | "auditor")[]; groups?: (string)[]; tools: (string)[]; data: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories?: ("personal" | "health" | "payment" | "credential" | "customer")[] }; review_by: string };
    answer: { id: string; name: string; owner: string; purpose: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; tools: (string)[]; data: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; environment: "development" | "test" | "staging" | "production"; state: "proposed" | "active" | "suspended" | "retired"; review_by: string; created_at: string; changed_at: string };
  };
  /** Activate, review, suspend, reinstate or retire an agent. Suspending and retiring take back its grants and approvals; retiring its tokens, too. */
  'POST /v1/agents/:id/events': {
    params: { id: string };
    query: {};
    body: { event: "activate" | "review" | "suspend" | "reinstate" | "retire"; reason: string; review_by?: string };
    answer: { id: string; name: string; owner: string; purpose: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; tools: (string)[]; data: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; environment: "development" | "test" | "staging" | "production"; state: "proposed" | "active" | "suspended" | "retired"; review_by: string; created_at: string; changed_at: string };
  };
  /** Let another approver decide in one’s place, for groups of one’s own, until a day. */
  'POST /v1/approval-delegations': {
    params: {};
    query: {};
    body: { delegate: string; groups: (string)[]; until: string; reason: string };
    answer: { id: string; delegator: string; delegate: string; groups: (string)[]; reason: string; from_at: string; until: string; ended_at: string | null };
  };
  /** Propose other arguments instead of approving: a new proposal, decided anew, which others are asked about. */
  'POST /v1/approvals/:id/amendments': {
    params: { id: string };
    query: {};
    body: { args: Record<string, unknown>; reason: string; proposal_digest: string };
    answer: { id: string; proposal: string; proposal_digest: string; decision: string; preview_digest: string | null; requesters: (string)[]; demands: ({ groups: (string)[]; quorum: number })[]; groups: (string)[]; quorum: number; confirm_by: string | null; signature: "key" | "passkey" | "device_bound"; reason_chars_min: number; state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended"; created_at: string; expires_at: string; closed_at: string | null; verdicts: ({ statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; passkey: { handle: string; alg: "ES256" | "EdDSA" | "RS256"; public_key: string; authenticator_data: string; client_data: string; signature: string } })[] };
  };
  /** What a passkey is to sign for a verdict: the statement, and the options that the authenticator is asked with. */
  'POST /v1/approvals/:id/challenges': {
    params: { id: string };
    query: {};
    body: { verdict: "approve" | "deny"; reason: string; proposal_digest: string; preview_digest: string | null };
    answer: { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; options: Record<string, unknown> };
  };
  /** What a passkey is to sign to confirm what is done in one’s own name. */
  'POST /v1/approvals/:id/confirmation-challenges': {
    params: { id: string };
    query: {};
    body: { reason: string; proposal_digest: string; preview_digest: string | null };
    answer: { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; options: Record<string, unknown> };
  };
  /** Confirm exactly what is done in one’s own name, signed by one’s signing key or a passkey. */
  'POST /v1/approvals/:id/confirmations': {
    params: { id: string };
    query: {};
    body: { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { handle: string; authenticator_data: string; client_data: string; signature: string };
    answer: { id: string; proposal: string; proposal_digest: string; decision: string; preview_digest: string | null; requesters: (string)[]; demands: ({ groups: (string)[]; quorum: number })[]; groups: (string)[]; quorum: number; confirm_by: string | null; signature: "key" | "passkey" | "device_bound"; reason_chars_min: number; state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended"; created_at: string; expires_at: string; closed_at: string | null; verdicts: ({ statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; passkey: { handle: string; alg: "ES256" | "EdDSA" | "RS256"; public_key: string; authenticator_data: string; client_data: string; signature: string } })[] };
  };
  /** Give the verdict that a passkey has signed: the assertion over the challenge that was asked for. */
  'POST /v1/approvals/:id/passkey-verdicts': {
    params: { id: string };
    query: {};
    body: { handle: string; authenticator_data: string; client_data: string; signature: string };
    answer: { id: string; proposal: string; proposal_digest: string; decision: string; preview_digest: string | null; requesters: (string)[]; demands: ({ groups: (string)[]; quorum: number })[]; groups: (string)[]; quorum: number; confirm_by: string | null; signature: "key" | "passkey" | "device_bound"; reason_chars_min: number; state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended"; created_at: string; expires_at: string; closed_at: string | null; verdicts: ({ statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; passkey: { handle: string; alg: "ES256" | "EdDSA" | "RS256"; public_key: string; authenticator_data: string; client_data: string; signature: string } })[] };
  };
  /** Give a signed verdict on exactly the proposal that was shown. */
  'POST /v1/approvals/:id/verdicts': {
    params: { id: string };
    query: {};
    body: { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; passkey: { handle: string; alg: "ES256" | "EdDSA" | "RS256"; public_key: string; authenticator_data: string; client_data: string; signature: string } };
    answer: { id: string; proposal: string; proposal_digest: string; decision: string; preview_digest: string | null; requesters: (string)[]; demands: ({ groups: (string)[]; quorum: number })[]; groups: (string)[]; quorum: number; confirm_by: string | null; signature: "key" | "passkey" | "device_bound"; reason_chars_min: number; state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended"; created_at: string; expires_at: string; closed_at: string | null; verdicts: ({ statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; passkey: { handle: string; alg: "ES256" | "EdDSA" | "RS256"; public_key: string; authenticator_data: string; client_data: string; signature: string } })[] };
  };
  /** How long the page of an approval was in view since the last report. It is measured, and decides nothing. */
  'POST /v1/approvals/:id/views': {
    params: { id: string };
    query: {};
    body: { visible_ms: number };
    answer: { counted: boolean };
  };
  /** Take back what one has asked for, while it is pending: nothing is done then. */
  'POST /v1/approvals/:id/withdraw': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; proposal: string; proposal_digest: string; decision: string; preview_digest: string | null; requesters: (string)[]; demands: ({ groups: (string)[]; quorum: number })[]; groups: (string)[]; quorum: number; confirm_by: string | null; signature: "key" | "passkey" | "device_bound"; reason_chars_min: number; state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended"; created_at: string; expires_at: string; closed_at: string | null; verdicts: ({ statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string } | { statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; passkey: { handle: string; alg: "ES256" | "EdDSA" | "RS256"; public_key: string; authenticator_data: string; client_data: string; signature: string } })[] };
  };
  /** Verdicts on several approvals of exactly the same low-tier action, asked for by the same; each is signed. */
  'POST /v1/approvals/batch': {
    params: {};
    query: {};
    body: { verdicts: ({ statement: { v: 1; approval: string; proposal: string; proposal_digest: string; decision: string; preview_digest?: string; verdict: "approve" | "deny" | "confirm"; approver: string; reason: string; signed_at: string; nonce: string }; public_key: string; signature: string })[] };
    answer: { results: ({ approval: string; state: "pending" | "approved" | "denied" | "expired" | "withdrawn" | "amended" | null; code: string | null })[] };
  };
  /** Ask that the data of a person be erased; a second person confirms it. */
  'POST /v1/audit/erasures': {
    params: {};
    query: {};
    body: { subject: string; reason: string };
    answer: { id: string; subject: string; reason: string; state: string; requested_by: string; requested_at: string; closed_by: string | null; closed_at: string | null; keys: number | null };
  };
  /** Erase what was asked for: the keys go, and cannot be brought back. */
  'POST /v1/audit/erasures/:id/confirm': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; subject: string; reason: string; state: string; requested_by: string; requested_at: string; closed_by: string | null; closed_at: string | null; keys: number | null };
  };
  /** Refuse an erasure, or take one’s own wish back. */
  'POST /v1/audit/erasures/:id/refuse': {
    params: { id: string };
    query: {};
    body: { reason: string };
    answer: { id: string; subject: string; reason: string; state: string; requested_by: string; requested_at: string; closed_by: string | null; closed_at: string | null; keys: number | null };
  };
  /** Keep the data of a subject, of whom a workflow worked for, or of a purpose from being erased. */
  'POST /v1/audit/holds': {
    params: {};
    query: {};
    body: { kind: "subject" | "workflow" | "purpose"; target: string; reason: string };
    answer: { id: string; kind: "subject" | "workflow" | "purpose"; target: string; reason: string; set_by: string; set_at: string; lifted_by: string | null; lifted_at: string | null };
  };
  /** Lift a legal hold. */
  'POST /v1/audit/holds/:id/lift': {
    params: { id: string };
    query: {};
    body: { reason: string };
    answer: { id: string; kind: "subject" | "workflow" | "purpose"; target: string; reason: string; set_by: string; set_at: string; lifted_by: string | null; lifted_at: string | null };
  };
  /** Make another root key and wrap every subject key with it; payloads are not touched. */
  'POST /v1/audit/keys/rotate': {
    params: {};
    query: {};
    body: undefined;
    answer: { root: string; keys: number };
  };
  /** Ask for the personal value behind a mark of the record; secrets are never shown. */
  'POST /v1/audit/reveals': {
    params: {};
    query: {};
    body: { mark: string; run?: string | null; reason: string };
    answer: { id: string; mark: string; run: string | null; reason: string; state: "waiting" | "allowed" | "refused" | "shown"; requested_by: string; requested_at: string; decided_by: string | null; decided_at: string | null; until: string; value: string | null };
  };
  /** Let who asked see the value, for a quarter of an hour and once. */
  'POST /v1/audit/reveals/:id/allow': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; mark: string; run: string | null; reason: string; state: "waiting" | "allowed" | "refused" | "shown"; requested_by: string; requested_at: string; decided_by: string | null; decided_at: string | null; until: string };
  };
  /** Refuse that a value is shown, also after it was allowed. */
  'POST /v1/audit/reveals/:id/refuse': {
    params: { id: string };
    query: {};
    body: { reason: string };
    answer: { id: string; mark: string; run: string | null; reason: string; state: "waiting" | "allowed" | "refused" | "shown"; requested_by: string; requested_at: string; decided_by: string | null; decided_at: string | null; until: string };
  };
  /** See, once, what another person has allowed. */
  'POST /v1/audit/reveals/:id/show': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; mark: string; run: string | null; reason: string; state: "waiting" | "allowed" | "refused" | "shown"; requested_by: string; requested_at: string; decided_by: string | null; decided_at: string | null; until: string; value: string | null };
  };
  /** Verify a log against its stored bytes, hashes and signed checkpoints: whole, or step by step. */
  'POST /v1/audit/verify': {
    params: {};
    query: {};
    body: { log?: string; from?: { size: number; root: string; checkpoints?: number }; limit?: number; anchors?: (string)[] } | null;
    answer: { ok: boolean; size: number; detached_below: number; first_bad_index: number | null; problem: string | null; kind: string | null; checkpoints: number; erased: number; verified: { size: number; root: string; checkpoints: number } };
  };
  /** Back everything up: an archive of the record and the data, and one of the keys, where the configuration says. */
  'POST /v1/backups': {
    params: {};
    query: {};
    body: undefined;
    answer: { backup: string; made_at: string; trees: ({ log: string; size: number; root: string })[]; log: { folder: string; manifest: string }; keys: { folder: string; manifest: string }; removed: ({ backup: string; archive: "log" | "keys" })[] };
  };
  /** Ask that a change of configuration or of a model version be approved. Its owners decide. */
  'POST /v1/changes/:change/approvals': {
    params: { change: string };
    query: {};
    body: { reason: string };
    answer: { proposal: string; change: string; tool: string; status: string; approval: string | null; reason: string | null };
  };
  /** Say no to a change of configuration or of a model version; while it is in force it is not reviewed. */
  'POST /v1/changes/:change/rejections': {
    params: { change: string };
    query: {};
    body: { reason: string };
    answer: { change: string; kind: "release" | "definition" | "configuration" | "model"; subject: string; from: string | null; to: string; workflows: (string)[]; owners: (string)[]; risk: "low" | "medium" | "high" | "critical"; reason: string; opened_by: string; opened_at: string; state: "open" | "approved" | "rejected" | "settled" | "withdrawn"; pieces: ({ area: "workflow" | "tools" | "sources" | "models" | "policies" | "identity rights" | "upstream definitions" | "model versions" | "prompts" | "code" | "tests" | "acceptable use" | "components"; text: string; loosens: boolean; lines: (string)[] })[]; evidence: ({ workflow: string; release: string | null; reports: (string)[]; lacks: ({ path: string; message: string })[] })[]; moves: ({ event: "approve" | "reject" | "settle" | "withdraw"; from: "open" | "approved" | "rejected" | "settled" | "withdrawn"; to: "open" | "approved" | "rejected" | "settled" | "withdrawn"; reason: string; by: string; at: string; proposal: string | null; evidence: (string)[] })[]; asked: { proposal: string; at: string } | null };
  };
  /** Let one definition of a tool be used, or no longer; an approval takes the place of the one before. */
  'POST /v1/definitions/verdicts': {
    params: {};
    query: {};
    body: { upstream: string; tool: string; definition: string; verdict: "approved" | "withdrawn"; reason: string };
    answer: { upstream: string; tool: string; definition: string; body: Record<string, unknown>; state: "withheld" | "approved" | "withdrawn"; changes: (unknown)[] | null; findings: (string)[]; contract: unknown; why: string | null };
  };
  /** Let one agent act for oneself: a token for one exchange at /oauth/token, shown this once. */
  'POST /v1/delegations': {
    params: {};
    query: {};
    body: { agent: string; scope: string; ttl_s?: number };
    answer: { token: string; id: string; expires_at: string; scope: string };
  };
  /** Stop a tool, a workflow, an identity or everything: new calls, grants not used yet, and approvals. */
  'POST /v1/environment/freezes': {
    params: {};
    query: {};
    body: { target: string; reason: string };
    answer: { name: string; freezes: (string)[]; incident: boolean; maintenance: (string)[]; outages: (string)[]; holds: ({ subject: string; state: string; reason: string; by: string; at: string; from: string | null; until: string | null })[] };
  };
  /** Turn incident mode on or off: during an incident nothing leaves for outside without a person. */
  'POST /v1/environment/incident': {
    params: {};
    query: {};
    body: { state: "on" | "off"; reason: string };
    answer: { name: string; freezes: (string)[]; incident: boolean; maintenance: (string)[]; outages: (string)[]; holds: ({ subject: string; state: string; reason: string; by: string; at: string; from: string | null; until: string | null })[] };
  };
  /** Plan a maintenance window, or move the one that the target has: nothing is changed there while it is open. */
  'POST /v1/environment/maintenance': {
    params: {};
    query: {};
    body: { target: string; from?: string; until: string; reason: string };
    answer: { name: string; freezes: (string)[]; incident: boolean; maintenance: (string)[]; outages: (string)[]; holds: ({ subject: string; state: string; reason: string; by: string; at: string; from: string | null; until: string | null })[] };
  };
  /** End a maintenance window early, or call it off. */
  'POST /v1/environment/maintenance/end': {
    params: {};
    query: {};
    body: { target: string; reason: string };
    answer: { name: string; freezes: (string)[]; incident: boolean; maintenance: (string)[]; outages: (string)[]; holds: ({ subject: string; state: string; reason: string; by: string; at: string; from: string | null; until: string | null })[] };
  };
  /** Let through more of what is frozen: reads (`effects` stay stopped), low tiers (`high-tiers` stay stopped), all (`lifted`). */
  'POST /v1/environment/thaws': {
    params: {};
    query: {};
    body: { target: string; stage: "everything" | "effects" | "high-tiers" | "lifted"; reason: string };
    answer: { name: string; freezes: (string)[]; incident: boolean; maintenance: (string)[]; outages: (string)[]; holds: ({ subject: string; state: string; reason: string; by: string; at: string; from: string | null; until: string | null })[] };
  };
  /** Ask that what an execution did be taken back; the undo is decided like any other action. */
  'POST /v1/executions/:id/undo': {
    params: { id: string };
    query: {};
    body: { reason: string };
    answer: { proposal: string; execution: string; tool: string; state: "none" | "requested" | "declined" | "undone" | "failed" | "unknown" | "impossible"; by_proposal: string | null; approval: string | null; asked_by: string | null; reason: string | null; why: string | null; handoff: string | null; until: string | null };
  };
  /** Say what will be done before anything is read; afterwards it can only become less. */
  'POST /v1/intents': {
    params: {};
    query: {};
    body: { task: string; calls: ({ tool: string; times: number; values?: Record<string, (unknown)[]> })[] };
    answer: { session: string; state: string };
  };
  /** Send a message to a channel of notifications, to see whether it arrives. */
  'POST /v1/notifications/:channel/test': {
    params: { channel: string };
    query: {};
    body: undefined;
    answer: { channel: string; problem: string | null };
  };
  /** Enrol a passkey; an administrator’s invitation, one’s signing key or another passkey vouches for it. */
  'POST /v1/passkeys': {
    params: {};
    query: {};
    body: { name: string; statement: { v: 1; account: string; rp_id: string; nonce: string; expires_at: string }; handle: string; client_data: string; attestation: string; proof: { kind: "invitation"; code: string } | { kind: "key"; signature: string } | { kind: "passkey"; assertion: { handle: string; authenticator_data: string; client_data: string; signature: string } } };
    answer: { id: string; account: string; name: string; alg: string; device_bound: boolean; rp_id: string; aaguid: string; created_at: string; revoked_at: string | null };
  };
  /** Begin to enrol a passkey: what the authenticator is asked with, good for five minutes. */
  'POST /v1/passkeys/enrolments': {
    params: {};
    query: {};
    body: undefined;
    answer: { statement: { v: 1; account: string; rp_id: string; nonce: string; expires_at: string }; creation: Record<string, unknown>; request: Record<string, unknown> | null };
  };
  /** Judge recorded decisions anew by other rules in place of the project’s own; nothing is changed by it. */
  'POST /v1/policy/replays': {
    params: {};
    query: {};
    body: { files: ({ name: string; text: string })[]; since?: string; until?: string; limit?: number };
    answer: { policy_version: string; in_force: string; total: number; same: number; changed_total: number; changes: Record<string, number>; changed: ({ record: string | null; decision: string; request_digest: string; asked: string; from: "permit" | "notify" | "approve" | "narrow" | "refuse"; to: "permit" | "notify" | "approve" | "narrow" | "refuse"; rules: (string)[]; remedies: ({ kind: "approval"; groups: (string)[]; quorum: number; signature?: "passkey" | "device_bound" } | { kind: "confirm" } | { kind: "narrow"; profile: string } | { kind: "deidentify" })[] })[]; cannot_judge: ({ why: string; count: number })[]; cut: "limit" | "time" | null; earliest: string | null };
  };
  /** Ask for an action with a tool of the gateway; it is decided at once, and never waited for. With an `Idempotency-Key` the same again is no second action. */
  'POST /v1/proposals': {
    params: {};
    query: {};
    headers: { "idempotency-key"?: string };
    body: { tool: string; args: Record<string, unknown>; rationale?: string };
    answer: { id: string; status: "succeeded" | "given" | "waiting" | "ready" | "running" | "failed" | "unknown" | "refused" | "denied"; carried_out_by: "gateway" | "caller"; args_digest?: string; result?: unknown; narrowed?: (string)[]; approval?: string; expires_at?: string; reason?: string; handoff?: string; decision?: { reasons: ({ code: string; text: string })[]; next: string } };
  };
  /** Carry an action of one’s own on: one that people have approved is carried out now. */
  'POST /v1/proposals/:id/resume': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; status: "succeeded" | "given" | "waiting" | "ready" | "running" | "failed" | "unknown" | "refused" | "denied"; carried_out_by: "gateway" | "caller"; args_digest?: string; result?: unknown; narrowed?: (string)[]; approval?: string; expires_at?: string; reason?: string; handoff?: string; decision?: { reasons: ({ code: string; text: string })[]; next: string } };
  };
  /** Give a hand-off to somebody, whoever had it. */
  'POST /v1/queue/:id/assign': {
    params: { id: string };
    query: {};
    body: { to: string };
    answer: { id: string; kind: "unknown_outcome" | "failed_action" | "model_failed" | "budget_exhausted" | "model_refused" | "fallback" | "off_pattern" | "low_confidence" | "review" | "source_failed" | "refused" | "denied" | "expired_approval" | "not_undone" | "error"; state: "open" | "taken" | "done"; run: string | null; proposal: string | null; workflow: string; about: string | null; why: string; context: { withheld: true } | Record<string, unknown>; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; tried: (string)[]; material: ({ name: string; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; value?: unknown; withheld: boolean })[]; procedure: { title: string; steps: (string)[]; group?: string; escalate_to?: string; due_minutes: number } | null; awaits: Record<string, unknown> | null; result: { value: unknown; by: string; at: string } | null; next: string; requester: string | null; group: string | null; assignee: string | null; level: number; due_at: string; created_at: string; closed_at: string | null; age_minutes: number; overdue: boolean };
  };
  /** Send a hand-off up before its time is over. */
  'POST /v1/queue/:id/escalate': {
    params: { id: string };
    query: {};
    body: { reason: string };
    answer: { id: string; kind: "unknown_outcome" | "failed_action" | "model_failed" | "budget_exhausted" | "model_refused" | "fallback" | "off_pattern" | "low_confidence" | "review" | "source_failed" | "refused" | "denied" | "expired_approval" | "not_undone" | "error"; state: "open" | "taken" | "done"; run: string | null; proposal: string | null; workflow: string; about: string | null; why: string; context: { withheld: true } | Record<string, unknown>; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; tried: (string)[]; material: ({ name: string; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; value?: unknown; withheld: boolean })[]; procedure: { title: string; steps: (string)[]; group?: string; escalate_to?: string; due_minutes: number } | null; awaits: Record<string, unknown> | null; result: { value: unknown; by: string; at: string } | null; next: string; requester: string | null; group: string | null; assignee: string | null; level: number; due_at: string; created_at: string; closed_at: string | null; age_minutes: number; overdue: boolean };
  };
  /** Say that a hand-off is finished, and how; where a run waits, give it the result. */
  'POST /v1/queue/:id/finish': {
    params: { id: string };
    query: {};
    body: { note: string; result?: unknown; declined?: true; found?: { came: "happened" | "did_not_happen"; result?: unknown } };
    answer: { id: string; kind: "unknown_outcome" | "failed_action" | "model_failed" | "budget_exhausted" | "model_refused" | "fallback" | "off_pattern" | "low_confidence" | "review" | "source_failed" | "refused" | "denied" | "expired_approval" | "not_undone" | "error"; state: "open" | "taken" | "done"; run: string | null; proposal: string | null; workflow: string; about: string | null; why: string; context: { withheld: true } | Record<string, unknown>; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; tried: (string)[]; material: ({ name: string; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; value?: unknown; withheld: boolean })[]; procedure: { title: string; steps: (string)[]; group?: string; escalate_to?: string; due_minutes: number } | null; awaits: Record<string, unknown> | null; result: { value: unknown; by: string; at: string } | null; next: string; requester: string | null; group: string | null; assignee: string | null; level: number; due_at: string; created_at: string; closed_at: string | null; age_minutes: number; overdue: boolean };
  };
  /** Take a hand-off: nobody else works on it then. */
  'POST /v1/queue/:id/take': {
    params: { id: string };
    query: {};
    body: undefined;
    answer: { id: string; kind: "unknown_outcome" | "failed_action" | "model_failed" | "budget_exhausted" | "model_refused" | "fallback" | "off_pattern" | "low_confidence" | "review" | "source_failed" | "refused" | "denied" | "expired_approval" | "not_undone" | "error"; state: "open" | "taken" | "done"; run: string | null; proposal: string | null; workflow: string; about: string | null; why: string; context: { withheld: true } | Record<string, unknown>; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; tried: (string)[]; material: ({ name: string; label: { confidentiality: "public" | "internal" | "confidential" | "restricted"; categories: ("personal" | "health" | "payment" | "credential" | "customer")[] }; value?: unknown; withheld: boolean })[]; procedure: { title: string; steps: (string)[]; group?: string; escalate_to?: string; due_minutes: number } | null; awaits: Record<string, unknown> | null; result: { value: unknown; by: string; at: string } | null; next: string; requester: string | null; group: string | null; assignee: string | null; level: number; due_at: string; created_at: string; closed_at: string | null; age_minutes: number; overdue: boolean };
  };
  /** Add a signed bundle to the register; nothing runs it by that. */
  'POST /v1/releases': {
    params: {};
    query: {};
    body: { bundle: string };
    answer: { release: string; workflow: string; version: string; risk: "low" | "medium" | "high" | "critical"; portreeve: string; origin: "bundle" | "folder"; state: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; signed_by: (string)[]; bytes: number | null; added_by: string; added_at: string };
  };
  /** Bar a release for ever: no run of it starts or goes on. */
  'POST /v1/releases/:release/bar': {
    params: { release: string };
    query: {};
    body: { reason: string };
    answer: { release: string; workflow: string; version: string; risk: "low" | "medium" | "high" | "critical"; portreeve: string; origin: "bundle" | "folder"; state: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; signed_by: (string)[]; bytes: number | null; added_by: string; added_at: string; evidence: ({ evidence: string; kind: "tests" | "red-team"; ok: boolean; started: string; ended: string; figures: Record<string, number>; cases: number; signed_by: (string)[]; attached_by: string; attached_at: string })[]; lacks: ({ path: string; message: string })[]; moves: ({ event: "test" | "stage" | "pilot" | "promote" | "withdraw" | "supersede" | "restore" | "retire" | "bar"; from: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; to: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; reason: string; by: string; at: string; proposal: string | null })[]; pilot: { step: number; steps: number; kind: "shadow" | "users" | "share"; serves: string; runs_max: number; entered_at: string; minutes: number; taken: number; ended: number; failed: number; figures: ({ threshold: string; value: number | null; bound: number; counted: number; missed: boolean })[]; unmet: ({ path: string; message: string })[] } | null; requests: ({ proposal: string; tool: string; asked_by: string; asked_at: string; ending: string | null })[] };
  };
  /** Let a release be tested, end its pilot, or give it up before it comes into production. */
  'POST /v1/releases/:release/events': {
    params: { release: string };
    query: {};
    body: { event: "test" | "retire" | "withdraw"; reason: string };
    answer: { release: string; workflow: string; version: string; risk: "low" | "medium" | "high" | "critical"; portreeve: string; origin: "bundle" | "folder"; state: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; signed_by: (string)[]; bytes: number | null; added_by: string; added_at: string; evidence: ({ evidence: string; kind: "tests" | "red-team"; ok: boolean; started: string; ended: string; figures: Record<string, number>; cases: number; signed_by: (string)[]; attached_by: string; attached_at: string })[]; lacks: ({ path: string; message: string })[]; moves: ({ event: "test" | "stage" | "pilot" | "promote" | "withdraw" | "supersede" | "restore" | "retire" | "bar"; from: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; to: "added" | "testing" | "staging" | "pilot" | "production" | "retired" | "barred"; reason: string; by: string; at: string; proposal: string | null })[]; pilot: { step: number; steps: number; kind: "shadow" | "users" | "share"; serves: string; runs_max: number; entered_at: string; minutes: number; taken: number; ended: number; failed: number; figures: ({ threshold: string; value: number | null; bound: number; counted: number; missed: boolean })[]; unmet: ({ path: string; message: string })[] } | null; requests: ({ proposal: string; tool: string; asked_by: string; asked_at: string; ending: string | null })[] };
  };
  /** Attach a signed report of tests or of a red team on exactly this release. */
  'POST /v1/releases/:release/evidence': {
    params: { release: string };
    query: {};
    body: { report: string };
    answer: { evidence: string; kind: "tests" | "red-team"; ok: boolean; started: string; ended: string; figures: Record<string, number>; cases: number; signed_by: (string)[]; attached_by: string; attached_at: string };
  };
  /** Ask that a release go on: from testing to staging, from staging into production. Its owners decide. */
  'POST /v1/releases/:release/promotions': {
    params: { release: string };
    query: {};
    body: { reason: string };
    answer: { proposal: string; release: string; tool: string; status: string; approval: string | null; reason: string | null };
  };
  /** Ask a workflow to run. With an `Idempotency-Key` the same task again gives the same run. */
  'POST /v1/runs': {
    params: {};
    query: {};
    headers: { "idempotency-key"?: string };
    body: { workflow: string; input: Record<string, unknown>; attachments?: ({ name: string; media_type: string; text: string } | { name: string; media_type: string; base64: string })[] };
    answer: { id: string; workflow: string; release: string; policy_version: string; principal: { id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] }; state: "queued" | "running" | "waiting" | "completed" | "refused" | "handed_off" | "failed"; input: Record<string, unknown>; shadow_of?: string; result: Record<string, unknown> | null; ending: string | null; approval: string | null; created_at: string; ended_at: string | null };
  };
  /** Ask that all that a run did be taken back, latest first. */
  'POST /v1/runs/:id/undo': {
    params: { id: string };
    query: {};
    body: { reason: string };
    answer: { run: string; state: "none" | "unwinding" | "unwound" | "stopped"; reason: string | null; ahead: (string)[]; undone: (string)[]; left: ({ proposal: string; execution: string | null; tool: string; why: string })[]; handoff: string | null };
  };
  /** Sign in with a local account in a browser: the session is a cookie, and no script sees it. */
  'POST /v1/session': {
    params: {};
    query: {};
    body: { name: string; password: string };
    answer: { session: string; expires_at: string; principal: { id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] } };
  };
  /** Prove anew, by the password, who one is: for what asks for a fresh proof in a browser. */
  'POST /v1/session/proof': {
    params: {};
    query: {};
    body: { password: string };
    answer: { proven_at: string };
  };
  /** A new secret for the same session; the old one ends at once, and the session when it would have ended. */
  'POST /v1/session/rotate': {
    params: {};
    query: {};
    body: undefined;
    answer: { token?: string; session: string; expires_at: string };
  };
  /** Register one’s first signing key, made and wrapped on one’s own side, as after a sign-in at a provider. */
  'POST /v1/session/signing-key': {
    params: {};
    query: {};
    body: { public_key: string; wrapped: { kdf: "argon2id"; params: { m: number; t: number; p: number }; salt: string; nonce: string; ciphertext: string } };
    answer: { public_key: string };
  };
  /** Sign in with a local account. */
  'POST /v1/sessions': {
    params: {};
    query: {};
    body: { name: string; password: string };
    answer: { token: string; session: string; expires_at: string; principal: { id: string; kind: "person" | "service" | "agent"; name: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; groups: (string)[]; act: ({ id: string; kind: "person" | "service" | "agent" })[] } };
  };
  /** Make an API token; its secret is shown this once. */
  'POST /v1/tokens': {
    params: {};
    query: {};
    body: { account?: string; label: string; roles: ("requester" | "approver" | "operator" | "auditor" | "admin" | "enforcer")[]; ttl_minutes: number; tools?: (string)[] };
    answer: { token: string; id: string; expires_at: string };
  };
  /** Make a token in the place of one, which works beside it for a while; its secret is shown this once. */
  'POST /v1/tokens/:id/rotate': {
    params: { id: string };
    query: {};
    body: { overlap_minutes: number };
    answer: { token: string; id: string; expires_at: string };
  };
  /** Let new runs take a release again that was in production before: the last one, unless one is named. */
  'POST /v1/workflows/:name/rollbacks': {
    params: { name: string };
    query: {};
    body: { to?: string; reason: string };
    answer: { proposal: string; release: string; tool: string; status: string; approval: string | null; reason: string | null };
  };
}
