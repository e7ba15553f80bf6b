import {
  type Attachment,
  type AuditWriter,
  actorOf,
  attachmentBytes,
  attachmentSchema,
  type Clock,
  compileSchema,
  digestOf,
  digestOfText,
  draft,
  fieldErrors,
  type JsonObject,
  newId,
  type PolicyDecider,
  type PolicyRequest,
  PortreeveError,
  type Principal,
  type Run,
  type RunId,
  type Tx,
  type UnitOfWork,
} from '@portreeve/contract';
import { factsOf, LOOKING } from './facts.ts';
import type { Environment, LoadedWorkflow, RunQueue, RunReleases, RunStore, Workflows } from './ports.ts';

export interface Task {
  readonly workflow: string;
  readonly input: JsonObject;
  readonly attachments?: readonly Attachment[];
  /** The same key and task again give the same run (`Idempotency-Key`). */
  readonly idempotency_key?: string;
  /** The only tools that may be used with the requester's credential; null or left out: no limit. */
  readonly tools?: readonly string[] | null;
}

const ATTACHMENTS_MAX = 8;
type OnAdmitted = (tx: Tx, run: RunId) => Promise<void>;

/** Looks for the release to take: one may be superseded between a look and the run. */
const LOOKS_MAX = 10;

/**
 * Admits a task and queues its run: input validated, policy asked, run and records and queue entry in one transaction.
 * Errors: `unknown_workflow`, `bad_input`, `too_large`, `refused` (with the decision), `idempotency_mismatch`.
 */
export function taskSubmitter(deps: {
  store: RunStore;
  workflows: Workflows;
  /** Left out: the current release of a workflow never changes. */
  releases?: RunReleases;
  policy: PolicyDecider;
  environment: Environment;
  queue: RunQueue;
  audit: AuditWriter;
  uow: UnitOfWork;
  clock: Clock;
  /** Told where a run was to have a shadow and has none: whoever asked for the run is not to notice. */
  noShadow?: (of: RunId, error: unknown) => void;
}) {
  /** `onAdmitted`: what belongs to the run, in the transaction that admits it; not where it is known already. */
  return async (task: Task, principal: Principal, onAdmitted?: OnAdmitted): Promise<Run> => {
    for (let looks = 0; ; looks++) {
      const loaded = deps.releases
        ? await deps.releases.choose(task.workflow, principal)
        : deps.workflows.current(task.workflow);
      if (!loaded)
        throw new PortreeveError('unknown_workflow', `There is no workflow ${JSON.stringify(task.workflow)}.`);
      const admitted = await admit(loaded, task, principal, { ...(onAdmitted ? { onAdmitted } : {}) });
      if (admitted?.isNew) await shadow(admitted.run, task, principal);
      if (admitted) return admitted.run;
      await deps.releases?.refresh();
      if (looks === LOOKS_MAX) throw new PortreeveError('conflict', 'The release of this workflow keeps changing.');
    }
  };

  /** A copy of an admitted run, where a release is tried beside it (requirement H9). */
  async function shadow(of: Run, { workflow, input, attachments }: Task, principal: Principal): Promise<void> {
    try {
      const loaded = (await deps.releases?.beside(of)) ?? null;
      const task = { workflow, input, ...(attachments ? { attachments } : {}) };
      if (loaded) await admit(loaded, task, principal, { shadow_of: of.id });
    } catch (error) {
      deps.noShadow?.(of.id, error);
    }
  }

  /** Null where another release took the place of this one meanwhile: nothing was written then. */
  async function admit(
    loaded: LoadedWorkflow,
    task: Task,
    principal: Principal,
    { shadow_of, onAdmitted }: { readonly shadow_of?: RunId; readonly onAdmitted?: OnAdmitted },
  ): Promise<{ readonly run: Run; readonly isNew: boolean } | null> {
    const { contract } = loaded.definition;
    const errors = compileSchema(contract.input)(task.input);
    if (errors.length > 0) {
      throw new PortreeveError('bad_input', `The workflow ${contract.name} does not accept this input.`, { errors });
    }
    const { tools = null } = task;
    const beyond = tools === null ? [] : contract.scope.tools.filter((tool) => !tools.includes(tool));
    if (beyond.length > 0) {
      throw new PortreeveError(
        'refused',
        `This credential is not good for ${beyond.join(', ')}, which ${contract.name} may use.`,
        {
          next: 'Use a credential for these tools, or sign in.',
          extra: { workflow: contract.name },
        },
      );
    }
    const attachments = checked(task.attachments ?? []);

    // The workflow is the hand that acts; the right stays the requester's.
    const acting: Principal = {
      ...principal,
      act: [{ id: `agent:${contract.name}`, kind: 'agent' }, ...principal.act],
    };
    await deps.environment.freshen();
    const request: PolicyRequest = {
      kind: 'admit',
      principal: acting,
      workflow: factsOf(contract),
      environment: deps.environment.facts(LOOKING),
    };
    const decision = (loaded.policy ?? deps.policy).decide(request);
    const admitted = decision.outcome === 'permit' || decision.outcome === 'notify';
    const id = newId('run', deps.clock);
    const refs = { run: id, workflow: contract.name, release: loaded.release };
    const decided = { ...refs, decision: decision.id, policy_version: decision.policy_version };
    const submitted = draft({
      type: 'run.submitted',
      actor: actorOf(principal),
      refs,
      data: {
        workflow: contract.name,
        input: task.input,
        input_digest: digestOf(task.input),
        attachments: attachments.map((attachment) => {
          const bytes = attachmentBytes(attachment);
          const { name, media_type } = attachment;
          return { name, media_type, bytes: bytes.length, digest: digestOfText(bytes) };
        }),
        ...(shadow_of ? { shadow_of } : {}),
      },
    });
    if (!admitted) {
      await deps.uow.transaction((tx) =>
        deps.audit.append(tx, [
          submitted,
          draft({
            type: 'run.refused',
            actor: actorOf(acting),
            refs: decided,
            outcome: decision.outcome,
            data: { decision, request },
          }),
        ]),
      );
      throw new PortreeveError(
        'refused',
        decision.reasons.map((reason) => reason.text).join(' ') || 'Policy refuses this run.',
        {
          next: decision.next,
          extra: { decision, workflow: contract.name },
        },
      );
    }

    const run: Run = {
      id,
      workflow: contract.name,
      release: loaded.release,
      policy_version: decision.policy_version,
      principal: acting,
      state: 'queued',
      input: task.input,
      ...(shadow_of ? { shadow_of } : {}),
      result: null,
      ending: null,
      approval: null,
      created_at: deps.clock.now().toISOString(),
      ended_at: null,
    };
    const digest = digestOf({
      workflow: task.workflow,
      input: task.input,
      attachments: attachments.map((each) => ({ ...each })),
    });
    const idempotency = task.idempotency_key === undefined ? null : { key: task.idempotency_key, digest };
    const earlier = await deps.uow.transaction(async (tx) => {
      if (deps.releases && !(await deps.releases.mayStart(tx, loaded, run))) return 'superseded';
      const before = await deps.store.insert(tx, run, { attachments, idempotency });
      if (before) return before;
      await deps.queue.enqueue(tx, id);
      await onAdmitted?.(tx, id);
      const piloted = (await deps.releases?.began(tx, run)) ?? [];
      await deps.audit.append(tx, [
        submitted,
        draft({
          type: 'run.admitted',
          actor: actorOf(acting),
          refs: decided,
          outcome: decision.outcome,
          data: { decision, request, tier: contract.tier },
        }),
        ...piloted,
      ]);
      return null;
    });
    if (earlier === 'superseded') return null;
    if (!earlier) return { run, isNew: true };
    if (earlier.digest !== digest) {
      throw new PortreeveError('idempotency_mismatch', 'This idempotency key was used for another task.');
    }
    const known = await deps.store.get(earlier.id);
    if (!known) throw new TypeError(`run ${earlier.id} is missing`);
    return { run: known, isNew: false };
  }
}

function checked(attachments: readonly Attachment[]): Attachment[] {
  if (attachments.length > ATTACHMENTS_MAX) {
    throw new PortreeveError('too_large', `At most ${ATTACHMENTS_MAX} attachments.`);
  }
  return attachments.map((attachment, index) => {
    const parsed = attachmentSchema.safeParse(attachment);
    if (parsed.success) return parsed.data;
    throw new PortreeveError('bad_input', `Attachment ${index + 1} is not acceptable.`, {
      errors: fieldErrors(parsed.error),
    });
  });
}
