import { AsyncLocalStorage } from 'node:async_hooks';
import type { Label } from '@portreeve/contract';
import type { Watch } from '../ports.ts';

/** The question that the SDK's calls belong to. It reaches the transport without passing through the SDK. */
export interface QuestionScope {
  readonly label: Pick<Label, 'confidentiality' | 'categories'>;
  readonly watch: Watch;
  /** Whether a request of this attempt has gone out. */
  used: boolean;
}

const scopes = new AsyncLocalStorage<QuestionScope>();

/** Runs one attempt. Requests outside of one do not leave (`boundedFetch`). */
export function inScope<T>(label: QuestionScope['label'], watch: Watch, attempt: () => Promise<T>): Promise<T> {
  return scopes.run({ label, watch, used: false }, attempt);
}

export function currentScope(): QuestionScope | undefined {
  return scopes.getStore();
}
