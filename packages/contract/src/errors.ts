import { z } from 'zod';
import { acceptableUseLink } from './acceptable-use.ts';
import { type Reason, reasonSchema } from './decision.ts';

/**
 * Every error that a caller can see: a stable code, its HTTP status, a title and the next step. The set is closed; a
 * new code is added here and nowhere else. A denial by policy is a result and not one of these (see `decision.ts`).
 */
export const ERRORS = {
  bad_request: {
    status: 400,
    title: 'The request is malformed',
    next: 'Correct the fields named in `errors` and send it again.',
  },
  bad_input: {
    status: 422,
    title: 'The workflow does not accept this input',
    next: 'Correct the fields named in `errors`; `GET /v1/workflows` shows the input schema.',
  },
  not_signed_in: {
    status: 401,
    title: 'Nobody is signed in',
    next: 'Sign in (`POST /v1/sessions`) or send an API token as `Authorization: Bearer …`.',
  },
  sign_in_failed: {
    status: 401,
    title: 'Name or password is wrong',
    next: 'Check both and try again. After several failures the account waits before the next try.',
  },
  proof_needed: {
    status: 403,
    title: 'This asks for a fresh proof of who you are',
    next: 'Send your password to `POST /v1/session/proof`, or sign in at your identity provider anew.',
  },
  too_many_attempts: { status: 429, title: 'Too many attempts', next: 'Wait as long as `Retry-After` says.' },
  overloaded: {
    status: 503,
    title: 'More is asked of this process than it can answer',
    next: 'Send it again after the seconds of `Retry-After`, or to another process.',
  },
  busy: {
    status: 429,
    title: 'As many runs are under way as may be',
    next: 'Send it again after the seconds of `Retry-After`, with the same Idempotency-Key.',
  },
  budget_exhausted: {
    status: 429,
    title: 'A budget is used up',
    next: 'Have its owner raise it, or wait for the next month.',
  },
  refused: {
    status: 403,
    title: 'Policy refuses this',
    next: 'See `decision` for the layer, the rules and who can help.',
  },
  not_found: { status: 404, title: 'There is no such thing', next: 'Check the id; list what exists.' },
  unknown_workflow: {
    status: 404,
    title: 'There is no workflow of that name',
    next: '`portreeve doctor` lists the workflows that are loaded.',
  },
  unknown_case: {
    status: 422,
    title: 'The source has no such case',
    next: 'Check the case id, or pass the logs as an attachment.',
  },
  out_of_scope: {
    status: 403,
    title: 'The workflow has not declared this',
    next: 'Declare it in the workflow\u2019s scope and release it anew.',
  },
  too_large: { status: 413, title: 'Too large', next: 'Send less; the limit is in `detail`.' },
  conflict: {
    status: 409,
    title: 'The thing is no longer in the state that this needs',
    next: 'Read it again and decide anew.',
  },
  erased: {
    status: 410,
    title: 'This has been erased',
    next: 'It cannot be brought back; `portreeve audit search --type audit.erased` shows who erased it, and when.',
  },
  never_revealed: {
    status: 422,
    title: 'A secret is not revealed',
    next: 'Rotate it where it was issued: `portreeve audit search --words` with the last part of its mark shows where it was seen.',
  },
  held: {
    status: 409,
    title: 'A legal hold keeps this',
    next: 'Ask who set the hold; `portreeve audit hold list` shows them all.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'This idempotency key was used for another request',
    next: 'Use a new key for a new request.',
  },
  frozen: {
    status: 423,
    title: 'This is frozen',
    next: 'Wait until an operator lifts the freeze (`portreeve thaw`).',
  },
  not_ready: {
    status: 409,
    title: 'The workflow is not ready for production',
    next: 'Mend what `errors` names; `portreeve check` shows all of it.',
  },
  approval_closed: {
    status: 409,
    title: 'This approval is already closed',
    next: '`portreeve approvals show` tells how it ended.',
  },
  approver_is_requester: {
    status: 403,
    title: 'Who asked may not approve',
    next: 'Ask another member of the groups named in the approval.',
  },
  approver_not_eligible: {
    status: 403,
    title: 'You are not among those who may decide this',
    next: 'Ask a member of the groups named in the approval.',
  },
  already_voted: {
    status: 409,
    title: 'You have already given your verdict',
    next: 'A second verdict must come from another person.',
  },
  digest_mismatch: {
    status: 409,
    title: 'The verdict is for another proposal',
    next: 'Show the approval again and decide on what it says now.',
  },
  bad_signature: {
    status: 403,
    title: 'The signature does not verify',
    next: 'Sign with the key that is registered for your account.',
  },
  signature_too_weak: {
    status: 403,
    title: 'Policy asks for a stronger signature',
    next: 'Approve on the page of the approval, with a passkey of the kind named in `detail`.',
  },
  reason_required: {
    status: 400,
    title: 'The verdict gives no reason',
    next: 'Say why in your own words, in as many letters as `detail` names; then sign anew.',
  },
  grant_invalid: { status: 403, title: 'The grant is not valid', next: 'Ask for a new one through the gate.' },
  grant_expired: { status: 403, title: 'The grant has expired', next: 'Ask for a new one through the gate.' },
  grant_spent: {
    status: 409,
    title: 'The grant was used before',
    next: 'A grant is good for one call: ask for a new one through the gate.',
  },
  grant_mismatch: {
    status: 403,
    title: 'The grant is for another call',
    next: 'Send exactly the call that was approved.',
  },
  source_failed: {
    status: 502,
    title: 'A source did not answer as it should',
    next: 'Check the source; the run is in the queue with what was read so far.',
  },
  egress_refused: {
    status: 403,
    title: 'The address is not declared',
    next: 'Declare the host in the tool\u2019s or the source\u2019s contract.',
  },
  model_failed: {
    status: 502,
    title: 'The model did not answer as it should',
    next: 'The work is in the queue for a person.',
  },
  no_policy: {
    status: 503,
    title: 'No policy is loaded, so nothing runs',
    next: 'Add the four layers under `policies/` and start again; `portreeve doctor` names what is missing.',
  },
  release_broken: {
    status: 422,
    title: 'This is no sound release',
    next: 'Build it anew with `portreeve release build`, and compare the two.',
  },
  release_not_ready: {
    status: 409,
    title: 'The release lacks what this asks for',
    next: 'Attach what `errors` names (`portreeve release attest`), then ask again.',
  },
  no_release: {
    status: 503,
    title: 'No release of this workflow may start',
    next: 'Put one into production: `portreeve release promote`, or go back by `portreeve release rollback`.',
  },
  policy_broken: {
    status: 503,
    title: 'The policy does not validate, so nothing runs',
    next: 'Correct the rules named in `detail`.',
  },
  candidate_broken: {
    status: 422,
    title: 'The candidate policy does not validate',
    next: 'Correct what `errors` names by file and line, and send it again; nothing was replayed.',
  },
  already_running: {
    status: 409,
    title: 'Portreeve is already running on this data',
    next: 'Use the running one, or stop it first.',
  },
  audit_unavailable: {
    status: 503,
    title: 'The record cannot be written, so nothing acts',
    next: 'Restore the database; work continues by itself.',
  },
  log_broken: {
    status: 500,
    title: 'The log does not verify',
    next: 'Keep the database as it is, and compare it with an exported copy from the index named in `detail`.',
  },
  unavailable: { status: 503, title: 'Not ready', next: 'Try again shortly; `/readyz` says what is missing.' },
  misconfigured: {
    status: 500,
    title: 'The configuration is not usable',
    next: 'Correct the setting named in `detail`.',
  },
  internal: {
    status: 500,
    title: 'An error of Portreeve itself',
    next: 'Report it with the `instance` of this answer.',
  },
} as const satisfies Record<string, { status: number; title: string; next: string }>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/**
 * An error with a public half (`code`, `detail`, `next`, `errors`: all may be shown to the caller) and a private one
 * (`cause`: for the operator's log alone).
 */
export class PortreeveError extends Error {
  override readonly name = 'PortreeveError';
  readonly code: ErrorCode;
  readonly detail: string;
  readonly next: string;
  readonly errors: readonly FieldError[];
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { next?: string; errors?: readonly FieldError[]; extra?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = detail;
    this.next = options.next ?? ERRORS[code].next;
    this.errors = options.errors ?? [];
    this.extra = options.extra ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }
}

export function isPortreeveError(error: unknown, code?: ErrorCode): error is PortreeveError {
  return error instanceof PortreeveError && (code === undefined || error.code === code);
}

/** The field errors of a failed zod parse, with paths such as `items[2].id`. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return error.issues.slice(0, 50).map((issue) => ({
    path: issue.path.reduce<string>(
      (path, part) => (typeof part === 'number' ? `${path}[${part}]` : path ? `${path}.${String(part)}` : String(part)),
      '',
    ),
    message: issue.message,
  }));
}

/** RFC 9457 problem details, with our `code`, `next` and `errors`. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string().optional(),
  code: z.enum(ERROR_CODES),
  next: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  decision: z.unknown().optional(),
  /** The paragraph of the console's page that says what the workflow may be used for, where one refused. */
  acceptable_use: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

export function toProblem(error: PortreeveError, instance?: string): Problem {
  return {
    type: `urn:portreeve:error:${error.code}`,
    title: ERRORS[error.code].title,
    status: error.status,
    detail: error.detail,
    ...(instance === undefined ? {} : { instance }),
    code: error.code,
    next: error.next,
    ...(error.errors.length > 0 ? { errors: [...error.errors] } : {}),
    ...(error.extra.decision === undefined ? {} : { decision: error.extra.decision }),
    ...(typeof error.extra.workflow === 'string'
      ? { acceptable_use: acceptableUseLink(error.extra.workflow, reasonsOf(error.extra.decision)) }
      : {}),
  };
}

function reasonsOf(decision: unknown): Reason[] {
  return z
    .array(reasonSchema)
    .catch([])
    .parse((decision as { reasons?: unknown } | undefined)?.reasons);
}
