import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type VerdictStatement, verdictBytes } from '@portreeve/contract';
import { type Signer, unlockSigningKey } from '@portreeve/identity/signing-key';

// biome-ignore lint/suspicious/noExplicitAny: answers as the API gives them; a test says what it expects of them
export type Answer = any;

export interface Person {
  /** Of the session. */
  readonly token: string;
  readonly get: (path: string) => Promise<Answer>;
  readonly post: (path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Answer>;
  /** The lines of a JSON Lines answer. */
  readonly lines: (path: string) => Promise<Answer[]>;
  /** Decides as a person does: looks at the proposal, and signs its digest with one's own key. Approves where nothing is said. */
  readonly approve: (approval: string, verdict?: 'approve' | 'deny') => Promise<Answer>;
}

/**
 * Signs in over HTTP as a local account of a state folder. A problem comes back as an answer; a broken connection throws, and
 * so does an answer that takes longer than `patience_ms`.
 */
export async function signIn(
  url: string,
  state: string,
  name: string,
  { patience_ms }: { readonly patience_ms?: number } = {},
): Promise<Person> {
  const accounts = JSON.parse(await readFile(join(state, 'accounts.json'), 'utf8')) as Answer[];
  const { password } = accounts.find((account) => account.name === name);
  const send = (
    method: string,
    path: string,
    body: unknown,
    token?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> =>
    fetch(url + path, {
      method,
      ...(patience_ms === undefined ? {} : { signal: AbortSignal.timeout(patience_ms) }),
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const call = async (...request: Parameters<typeof send>): Promise<Answer> => (await send(...request)).json();
  const { token, principal } = await call('POST', '/v1/sessions', { name, password });
  const get: Person['get'] = (path) => call('GET', path, undefined, token);
  const post: Person['post'] = (path, body, headers) => call('POST', path, body, token, headers);
  let signer: Signer | null = null;
  return {
    token,
    get,
    post,
    async lines(path) {
      const text = await (await send('GET', path, undefined, token)).text();
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Answer);
    },
    async approve(approval, verdict = 'approve') {
      const view = await get(`/v1/approvals/${approval}`);
      signer ??= await unlockSigningKey((await get('/v1/session/signing-key')).key, password);
      const statement: VerdictStatement = {
        v: 1,
        approval: view.approval.id,
        proposal: view.approval.proposal,
        proposal_digest: view.digest,
        decision: view.approval.decision,
        ...(view.preview ? { preview_digest: view.preview.digest } : {}),
        verdict,
        approver: principal.id,
        reason: 'I have read all of it.',
        signed_at: new Date().toISOString(),
        nonce: randomBytes(24).toString('base64url'),
      };
      const signature = Buffer.from(signer.sign(verdictBytes(statement))).toString('base64url');
      return post(`/v1/approvals/${approval}/verdicts`, { statement, public_key: signer.public_key, signature });
    },
  };
}

/** Every record of a run, oldest first, by the API's own search. */
export async function recordsOf(auditor: Person, run: string): Promise<Answer[]> {
  const { records, next } = await auditor.get(`/v1/audit/records?run=${run}&order=oldest&limit=500`);
  if (next !== null) throw new Error('a run of more than 500 records');
  return records;
}

/** The files of an export of the whole record, by name. */
export async function exportOf(auditor: Person): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const lines = await auditor.lines('/v1/audit/export');
  if (lines.at(-1)?.end !== true) throw new Error('the export broke off');
  for (const { file, text } of lines.slice(0, -1)) files.set(file, (files.get(file) ?? '') + text);
  return files;
}
