import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  ERROR_CODES,
  ERRORS,
  fieldErrors,
  isPortreeveError,
  PortreeveError,
  problemSchema,
  toProblem,
} from './errors.ts';

describe('the table', () => {
  test.each(ERROR_CODES)('I3: %s has a status, a title and a next step', (code) => {
    const row = ERRORS[code];
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(row.status).toBeGreaterThanOrEqual(400);
    expect(row.status).toBeLessThan(600);
    expect(row.title).toMatch(/^[A-Z].{5,80}[^.]$/);
    expect(row.next).toMatch(/^[A-Z`].{10,200}\.$/);
  });

  test('I3: the codes are pinned', () => {
    // If you are here because this failed: clients branch on these codes. Adding one is fine: add it here too. Renaming
    // or removing one, or giving it another status, breaks callers: do it only with a decision in docs/decisions.
    expect(Object.fromEntries(ERROR_CODES.map((code) => [code, ERRORS[code].status]))).toEqual({
      bad_request: 400,
      bad_input: 422,
      not_signed_in: 401,
      sign_in_failed: 401,
      proof_needed: 403,
      too_many_attempts: 429,
      overloaded: 503,
      busy: 429,
      budget_exhausted: 429,
      refused: 403,
      not_found: 404,
      not_ready: 409,
      unknown_workflow: 404,
      unknown_case: 422,
      out_of_scope: 403,
      too_large: 413,
      conflict: 409,
      erased: 410,
      never_revealed: 422,
      held: 409,
      idempotency_mismatch: 422,
      approval_closed: 409,
      approver_is_requester: 403,
      approver_not_eligible: 403,
      already_voted: 409,
      digest_mismatch: 409,
      bad_signature: 403,
      signature_too_weak: 403,
      reason_required: 400,
      grant_invalid: 403,
      grant_expired: 403,
      grant_spent: 409,
      grant_mismatch: 403,
      frozen: 423,
      source_failed: 502,
      egress_refused: 403,
      model_failed: 502,
      no_policy: 503,
      policy_broken: 503,
      candidate_broken: 422,
      release_broken: 422,
      release_not_ready: 409,
      no_release: 503,
      already_running: 409,
      audit_unavailable: 503,
      log_broken: 500,
      unavailable: 503,
      misconfigured: 500,
      internal: 500,
    });
  });
});

describe('PortreeveError', () => {
  test('takes status and next step from the table, and lets a call name a better next step', () => {
    const error = new PortreeveError('grant_spent', 'grt_1 was used at 12:00');
    expect(error.status).toBe(409);
    expect(error.next).toBe(ERRORS.grant_spent.next);
    expect(new PortreeveError('not_found', 'no run run_1', { next: 'See `portreeve run`.' }).next).toBe(
      'See `portreeve run`.',
    );
  });

  test('is told apart by its code', () => {
    const error: unknown = new PortreeveError('refused', 'x');
    expect(isPortreeveError(error)).toBe(true);
    expect(isPortreeveError(error, 'refused')).toBe(true);
    expect(isPortreeveError(error, 'conflict')).toBe(false);
    expect(isPortreeveError(Object.assign(new Error('x'), { code: 'refused' }))).toBe(false);
  });
});

describe('toProblem', () => {
  test('I3: gives RFC 9457 problem details with code and next step', () => {
    const problem = toProblem(
      new PortreeveError('bad_input', 'two fields are wrong', { errors: [{ path: 'case', message: 'is missing' }] }),
      'urn:portreeve:request:1',
    );
    expect(problem).toEqual({
      type: 'urn:portreeve:error:bad_input',
      title: 'The workflow does not accept this input',
      status: 422,
      detail: 'two fields are wrong',
      instance: 'urn:portreeve:request:1',
      code: 'bad_input',
      next: ERRORS.bad_input.next,
      errors: [{ path: 'case', message: 'is missing' }],
    });
    expect(problemSchema.parse(problem)).toEqual(problem);
  });

  test('I3: leaves out the private half: cause, stack and other extras', () => {
    const error = new PortreeveError('internal', 'the store failed', {
      cause: new Error('password=hunter2'),
      extra: { sql: 'select 1', decision: { outcome: 'refuse' } },
    });
    const problem = toProblem(error);
    expect(JSON.stringify(problem)).not.toMatch(/hunter2|select|stack/);
    expect(Object.keys(problem).sort()).toEqual(['code', 'decision', 'detail', 'next', 'status', 'title', 'type']);
  });
});

test('fieldErrors names paths such as items[2].id and is bounded', () => {
  const schema = z.object({ items: z.array(z.object({ id: z.string() })) });
  const failure = schema.safeParse({ items: [{ id: 'a' }, { id: 'b' }, { id: 3 }] });
  expect(fieldErrors(failure.error!).map((error) => error.path)).toEqual(['items[2].id']);
  const many = schema.safeParse({ items: Array.from({ length: 200 }, () => ({ id: 1 })) });
  expect(fieldErrors(many.error!)).toHaveLength(50);
});
