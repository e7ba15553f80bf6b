import type { AuditLogs } from '@portreeve/audit';
import type { Clock } from '@portreeve/contract';
import { forgetKept } from './forget-kept.ts';
import type { BudgetStore } from './store/budgets.ts';
import type { Database } from './store/database.ts';
import type { GateKept } from './wire-gate.ts';
import type { Shared } from './wire-shared.ts';

/** Something that is done again and again, with the milliseconds between. */
export type Timer = readonly [ms: number, task: () => Promise<unknown>];

const ENVIRONMENT_MS = 500;
const UPSTREAMS_MS = 500;
const SECOND_MS = 1000;
/** Told at once of what another process moves; looked at all the same, should nobody tell. */
const OFTEN_MS = 5000;
const MINUTE_MS = 60_000;
const OVERSIGHT_MS = 300_000;
const KEPT_MS = 600_000;
const DRIFT_MS = 900_000;
const DETACH_MS = 3_600_000;

/** What every process of the house does for itself. */
export const timersOfEach = (own: {
  readonly environment: { refresh(): Promise<unknown> };
  readonly releases: { refresh(): Promise<unknown> };
  recordSecrets(): Promise<unknown>;
}): Timer[] => [
  [ENVIRONMENT_MS, () => own.environment.refresh()],
  [OFTEN_MS, () => own.releases.refresh()],
  [OFTEN_MS, own.recordSecrets],
];

/** What goes with people and agents who come in, with what they are told and shown, and with what they brought. */
export const timersOfApi = (
  { signIn, identity, passkeys, erasing, notifier, suspendUnreviewed, register, overseen }: Shared,
  own: {
    plantDue(): Promise<unknown>;
    readonly gateway: { refreshDue(): Promise<unknown> };
    readonly drift: { look(): Promise<unknown> };
    readonly thresholds: { look(): Promise<unknown> };
  },
): Timer[] => [
  [MINUTE_MS, () => signIn.tidy()],
  [MINUTE_MS, () => identity.reviewDue()],
  [MINUTE_MS, () => passkeys.forgetOld()],
  [OFTEN_MS, () => suspendUnreviewed()],
  [OFTEN_MS, () => own.plantDue()],
  [MINUTE_MS, () => erasing.expire()],
  [MINUTE_MS, () => erasing.root.resume()],
  [SECOND_MS, () => notifier.deliver()],
  [MINUTE_MS, () => notifier.forgetOld()],
  [DRIFT_MS, () => own.drift.look()],
  [MINUTE_MS, () => own.thresholds.look()],
  [MINUTE_MS, () => register.pilots.look()],
  [OVERSIGHT_MS, () => overseen.look()],
  [UPSTREAMS_MS, () => own.gateway.refreshDue()],
];

/** What goes with the gate, with what it began and is owed, and with the record, which it signs. */
export const timersOfGatekeeper = (
  { approvals, handoffs, audit, clock, config }: Shared,
  { execution, settleDue, faces, gate, publisher, streams }: GateKept,
): Timer[] => [
  [OFTEN_MS, () => approvals.expireDue()],
  [OFTEN_MS, () => approvals.nudgeDue()],
  [OFTEN_MS, () => handoffs.escalateDue()],
  [OFTEN_MS, () => execution.tidy()],
  [SECOND_MS, () => settleDue()],
  [SECOND_MS, () => faces.desk.settleDue()],
  [SECOND_MS, () => faces.changes.settleDue()],
  [MINUTE_MS, () => gate.forgetHistory()],
  // Also when nothing happened: a period without events is visible as such.
  [config.audit.checkpoint_every_s * 1000, () => audit.checkpoint().then(() => publisher.publish())],
  [MINUTE_MS, () => audit.prepare()],
  [DETACH_MS, () => detachOld(audit, config.audit.online_days, clock)],
  [SECOND_MS, () => streams.deliver()],
];

/** What goes with runs: values that are kept for a time, and what questions to models have cost. */
export const timersOfRuns = (own: {
  readonly database: Database;
  readonly audit: Parameters<typeof forgetKept>[0]['audit'];
  readonly contracts: Parameters<typeof forgetKept>[0]['contracts'];
  readonly budgets: Pick<BudgetStore, 'settleLost'>;
  readonly clock: Clock;
  forgetDue(): Promise<unknown>;
  sweepPseudonyms(): Promise<unknown>;
}): Timer[] => [
  [OFTEN_MS, () => own.forgetDue()],
  [MINUTE_MS, () => own.sweepPseudonyms()],
  [MINUTE_MS, () => own.budgets.settleLost()],
  [KEPT_MS, () => forgetKept(own)],
];

/** Takes what is older than the configured days out of the log. */
async function detachOld(audit: AuditLogs, days: number | undefined, clock: Clock): Promise<void> {
  if (days !== undefined) await audit.detach(new Date(clock.now().getTime() - days * 86_400_000));
}
