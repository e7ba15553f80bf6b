import {
  assemble,
  attachmentSource,
  closedOutcome,
  createIngester,
  fileSource,
  forgetDue,
  forgetRun,
  forgetUsed,
  hearAnswer,
  httpSource,
  loadLabelled,
  piecesOf,
  readSource,
  redactSecrets,
  revealNotKept,
  saveLabelled,
  scoreValue,
  withholdNotKept,
} from '@portreeve/context';
import type { AuditWriter, Clock, ProjectConfig } from '@portreeve/contract';
import type { Egress } from '@portreeve/execute';
import type { ContextStage } from '@portreeve/run';
import { bindSource } from './config/bind-systems.ts';
import type { Secrets } from './config/secrets.ts';
import { wireDeidentification } from './deidentification.ts';
import type { Rehearsal } from './redteam/rehearsal.ts';
import type { Database } from './store/database.ts';
import { contextStore, type Seals } from './store/values.ts';

export interface WiredContext {
  readonly context: ContextStage;
  /** Takes out of the store what is past its minutes. */
  forgetDue(): Promise<unknown>;
  sweepPseudonyms(): Promise<void>;
}

/** Joins what a run may see to its sources and to where labelled values are kept. */
export function wireContext(options: {
  readonly database: Database;
  readonly audit: AuditWriter;
  readonly config: ProjectConfig;
  readonly systems: ProjectConfig['systems'];
  readonly secrets: Secrets;
  readonly egress: Egress;
  readonly sealing: Seals;
  readonly clock: Clock;
  /** The project's: files of sources are looked for there. */
  readonly folder: string;
  /** Makes pseudonyms, and seals what they stand for. */
  readonly pseudonyms: Buffer;
  readonly rehearsal?: Pick<Rehearsal, 'readers'> | undefined;
}): WiredContext {
  const { database, audit, config, systems, secrets, egress, sealing, clock, folder } = options;
  const values = contextStore(database, sealing);
  const ingester = createIngester();
  const readers = options.rehearsal?.readers(ingester) ?? [
    fileSource({ root: folder, ingester }),
    httpSource({ dispatcher: egress.dispatcher, secrets, ingester }),
    attachmentSource({ ingester }),
  ];
  const { classifier, sweep, ...hiding } = wireDeidentification({
    ...{ database, audit, systems, key: options.pseudonyms, detection: config.detection },
    dispatcher: egress.dispatcher,
  });
  return {
    context: {
      ...hiding,
      redactSecrets,
      hear: (answered) => hearAnswer(answered, classifier),
      pieces: piecesOf,
      score: scoreValue,
      outcome: closedOutcome,
      read: (contract, query, attachments) =>
        readSource(readers, { contract: bindSource(contract, systems), query, attachments }, classifier),
      reveal: (contract, query) =>
        revealNotKept(readers, { contract: bindSource(contract, systems), query, attachments: [] }),
      assemble: (prompt, inputs, workflow, life) => assemble({ prompt, inputs, workflow, ...life }),
      withhold: withholdNotKept,
      save: (tx, run, labelled, life) => saveLabelled(values, tx, { run, labelled, clock, ...(life ? { life } : {}) }),
      forgetUsed: (tx, run, readings) => forgetUsed(values, tx, run, readings),
      forgetRun: (tx, run, which) => forgetRun(values, tx, run, which),
      load: (run, id) => loadLabelled(values, { run, id }),
    },
    forgetDue: () => forgetDue(values, database, clock.now()),
    sweepPseudonyms: sweep,
  };
}
