import { once } from 'node:events';
import { basename, extname, isAbsolute } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Digest, PortreeveError } from '@portreeve/contract';
import { type Finding, type PolicyLayers, policyLayers, type Replay } from '@portreeve/policy';
import { shownPath } from '../check/faults.ts';
import type { ProjectPolicies } from '../config/policies.ts';
import type { DecisionLine } from '../http/views/decisions.ts';

/** A file of a project's `policies/`, by its name there. */
export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

/** What the thread that judges says, and what it is told: a batch of decisions, or that there are no more. */
export type FromWorker =
  | { readonly broken: readonly Finding[] }
  | { readonly ready: Digest }
  | { readonly judged: true }
  | { readonly replay: Replay };
export type ToWorker = readonly DecisionLine[] | null;

export interface CutReplay extends Replay {
  /** Why there may be earlier decisions that were not judged: as many as were wanted were, or the time was up. */
  readonly cut: 'limit' | 'time' | null;
  /** When the earliest decision that was judged was recorded. */
  readonly earliest: string | null;
}

/** A candidate that could be in force, ready to judge. */
export interface Candidate {
  /** Of all the rules that would be in force: those of the workflows too. */
  readonly policy_version: Digest;
  /** Judges so many decisions at the most, which come newest first. Once. Rejects as {@link WhatIf.open}. */
  replay(decisions: AsyncIterable<DecisionLine>, limit: number): Promise<CutReplay>;
  /** Stops whatever is under way; another one may be opened then. */
  close(): Promise<void>;
}

/** What would have been decided, had other files stood in a project's `policies/`. Nothing is changed by it. */
export interface WhatIf {
  /** The files in force, as they were read at the start; `own`: not those of the baseline. */
  readonly in_force: { readonly own: boolean; readonly files: readonly PolicyFile[] };
  /**
   * Checks a candidate as a start would, beside the rules of the workflows and the tiers of the tools that are in force.
   * Rejects with `candidate_broken`, naming file and line; `too_many_attempts` while another one is open in this process;
   * `unavailable` where it takes too long or too much memory; `conflict` once `signal` says that nobody waits any more.
   */
  open(files: readonly PolicyFile[], signal: AbortSignal): Promise<Candidate>;
}

/** As source, or as it was built. */
const WORKER = new URL(`./replay-worker${extname(import.meta.url)}`, import.meta.url);
/** How long a candidate may be open, how much of that it may judge, and its heap. */
const OPEN_MS_MAX = 120_000;
const JUDGE_MS_MAX = 60_000;
const HEAP_MB_MAX = 512;
const RETRY_AFTER_S = 15;
/** Decisions on their way to the thread: few, because each is copied while the server does nothing else. */
const BATCH = 50;
const FOLDER = 'policies';

export function createWhatIf(policies: ProjectPolicies, root: string, judgeMsMax = JUDGE_MS_MAX): WhatIf {
  const shown = shownIn(policies, root);
  let open: Judge | null = null;
  return {
    in_force: { own: policies.own, files: filesOf(policies.base) },
    async open(files, signal) {
      if (open !== null)
        throw new PortreeveError('too_many_attempts', 'Another candidate is being tried in this process.', {
          next: 'Send it again after the seconds of `Retry-After`; `portreeve policy replay` judges where you are.',
          extra: { retry_after_s: RETRY_AFTER_S },
        });
      const base = policyLayers(files.map(({ name, text }) => ({ file: `${FOLDER}/${name}`, text })));
      const judge = judgeOf({ ...shown, base, own: true }, signal);
      open = judge;
      const close = async () => {
        await judge.stop();
        // Another one may be open by now.
        if (open === judge) open = null;
      };
      // Whoever reads for it may hang: the place is free all the same.
      judge.ended.addEventListener('abort', () => void close(), { once: true });
      try {
        const said = await judge.hear();
        if ('broken' in said) throw candidateBroken(said.broken);
        if (!('ready' in said)) throw outOfTurn();
        return {
          policy_version: said.ready,
          replay: (decisions, limit) => replay(judge, decisions, limit, judgeMsMax),
          close,
        };
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

async function replay(
  judge: Judge,
  decisions: AsyncIterable<DecisionLine>,
  limit: number,
  msMax: number,
): Promise<CutReplay> {
  const until = performance.now() + msMax;
  let batch: DecisionLine[] = [];
  let taken = 0;
  let earliest: string | null = null;
  let cut: CutReplay['cut'] = null;
  for await (const line of decisions) {
    cut = taken === limit ? 'limit' : performance.now() > until ? 'time' : null;
    if (cut !== null) break;
    taken++;
    earliest = line.time;
    if (batch.push(line) < BATCH) continue;
    await judge.say(batch);
    batch = [];
  }
  if (batch.length > 0) await judge.say(batch);
  const said = await judge.say(null);
  if (!('replay' in said)) throw outOfTurn();
  return { ...said.replay, cut, earliest };
}

interface Judge {
  /** Nobody waits any more, the time is up, or the thread is gone. */
  readonly ended: AbortSignal;
  hear(): Promise<FromWorker>;
  say(message: ToWorker): Promise<FromWorker>;
  stop(): Promise<unknown>;
}

function judgeOf(policies: ProjectPolicies, signal: AbortSignal): Judge {
  const worker = new Worker(WORKER, {
    workerData: policies,
    // Nothing of this process's environment is needed to judge.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
  });
  // An error between two messages is told by the next one.
  worker.on('error', () => undefined);
  const late = AbortSignal.timeout(OPEN_MS_MAX);
  const over = new AbortController();
  worker.once('exit', () => over.abort());
  const ended = AbortSignal.any([signal, late, over.signal]);
  const hear = async (): Promise<FromWorker> => {
    try {
      const [message] = (await once(worker, 'message', { signal: ended })) as [FromWorker];
      return message;
    } catch (cause) {
      if (signal.aborted) throw new PortreeveError('conflict', 'Nobody waits for this any more, so it was stopped.');
      throw new PortreeveError(
        'unavailable',
        'The candidate could not be judged here in time, or took too much memory.',
        {
          next: '`portreeve policy replay` judges it where you are.',
          cause,
        },
      );
    }
  };
  return {
    ended,
    hear,
    say(message) {
      const heard = hear();
      worker.postMessage(message);
      return heard;
    },
    stop: () => worker.terminate(),
  };
}

function candidateBroken(findings: readonly Finding[]): PortreeveError {
  const errors = findings.slice(0, 50).map(({ file, line, rule, message, fix }) => ({
    path: `${file}:${line}`,
    message: `${rule === null ? '' : `rule ${rule}: `}${message}. ${fix}`,
  }));
  const more = findings.length - 1;
  return new PortreeveError(
    'candidate_broken',
    `${errors[0]?.path}: ${errors[0]?.message}${more > 0 ? ` (and ${more} more in \`errors\`)` : ''}`,
    { errors },
  );
}

const outOfTurn = () => new PortreeveError('internal', 'The thread that judges a candidate spoke out of turn.');

const filesOf = (layers: PolicyLayers): PolicyFile[] =>
  Object.values(layers)
    .flat()
    .map(({ file, text }) => ({ name: basename(file), text }));

/** The same rules, by paths that say nothing of this machine: what is wrong with a candidate may name any of them. */
function shownIn(policies: ProjectPolicies, root: string): ProjectPolicies {
  const pathOf = (file: string, workflow: string): string => {
    const path = shownPath(root, file);
    return isAbsolute(path) ? `${workflow}/${basename(path)}` : path;
  };
  return {
    ...policies,
    tightening: policies.tightening.map(({ workflow, layers }) => ({
      workflow,
      layers: policyLayers(
        Object.values(layers)
          .flat()
          .map(({ file, text }) => ({ file: pathOf(file, workflow), text })),
      ),
    })),
    declared: policies.declared.map((each) => ({ ...each, ...placed(each) })),
    toolsets: policies.toolsets.map((each) => ({ ...each, ...placed(each) })),
  };

  function placed({ contract, files = [] }: ProjectPolicies['toolsets'][number]) {
    return { files: files.map(({ file, text }) => ({ file: pathOf(file, contract.name), text })) };
  }
}
