import { hkdfSync } from 'node:crypto';
import {
  deidentify,
  httpClassifier,
  type InjectionClassifier,
  type PersonalRecogniser,
  presidioRecogniser,
  restoreArguments,
} from '@portreeve/context';
import {
  type AuditWriter,
  draft,
  PortreeveError,
  type ProjectConfig,
  resolveSystemUrl,
  SYSTEM_ACTOR,
} from '@portreeve/contract';
import type { createEgress } from '@portreeve/execute';
import type { ContextStage } from '@portreeve/run';
import type { Database } from './store/database.ts';
import { erasePseudonyms, pseudonymVault, sweepPseudonyms } from './store/pseudonyms.ts';

type Dispatcher = ReturnType<typeof createEgress>['dispatcher'];

export interface DeidentificationOptions {
  readonly database: Database;
  readonly audit: AuditWriter;
  readonly key: Buffer;
  readonly detection: ProjectConfig['detection'];
  readonly systems: ProjectConfig['systems'];
  /** Goes through the egress guard. */
  readonly dispatcher: Dispatcher;
}

/**
 * Pseudonyms for the pipeline: of one run each, in the vault of this database, gone when the run ends. Throws
 * `misconfigured` where a helper of detection names a system that is not there.
 */
export function wireDeidentification(options: DeidentificationOptions): Pick<
  ContextStage,
  'deidentify' | 'restore' | 'forget'
> & {
  readonly classifier: InjectionClassifier | null;
  /** Forgets pseudonyms that a step of a run left behind which was still at work when the run ended. */
  sweep(): Promise<void>;
} {
  const { database, audit, detection } = options;
  // One key file, two uses that must not meet.
  const keyFor = (use: string) => Buffer.from(hkdfSync('sha256', options.key, '', `portreeve/pseudonyms/${use}`, 32));
  const vault = pseudonymVault(database, keyFor('seal'));
  const key = keyFor('name');
  const others = presidioOf(options);
  const { classifier } = detection;
  return {
    deidentify: (run, assembly) => deidentify(assembly, { vault, scope: run, key, others }),
    restore: (run, args, origins, clearance) => restoreArguments(args, { vault, scope: run, origins, clearance }),
    forget: (tx, run) => erasePseudonyms(database, tx, run),
    classifier: classifier
      ? httpClassifier({
          url: systemUrl(options, classifier.system),
          dispatcher: options.dispatcher,
          timeoutMs: classifier.timeout_ms,
        })
      : null,
    sweep: () =>
      database.transaction(async (tx) => {
        const count = await sweepPseudonyms(database, tx);
        if (count > 0)
          await audit.append(tx, [draft({ type: 'pseudonyms.erased', actor: SYSTEM_ACTOR, data: { count } })]);
      }),
  };
}

function presidioOf(options: DeidentificationOptions): PersonalRecogniser[] {
  const { presidio } = options.detection;
  if (!presidio) return [];
  return [
    presidioRecogniser({
      url: systemUrl(options, presidio.system).replace(/\/+$/, ''),
      dispatcher: options.dispatcher,
      timeoutMs: presidio.timeout_ms,
      language: presidio.language,
      scoreMin: presidio.score_min_percent / 100,
    }),
  ];
}

function systemUrl({ systems }: DeidentificationOptions, name: string): string {
  const url = resolveSystemUrl(`system://${name}/`, systems);
  if (url === null)
    throw new PortreeveError('misconfigured', `detection names the system ${name}, which is not configured.`, {
      next: 'Add it to `systems`, or take it out of `detection`.',
    });
  return url;
}
