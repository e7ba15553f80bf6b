import {
  compileSchema,
  type Evidence,
  type EvidenceId,
  type FieldError,
  type JsonObject,
  type Label,
  Labelled,
  labelData,
  PortreeveError,
  type Reading,
  type RecordData,
  type SourceContract,
} from '@portreeve/contract';
import type { InjectionClassifier } from './detect/outside-classifier.ts';
import { evidenceDigest, labelEvidence, makeEvidence } from './evidence.ts';
import type { Finding } from './findings.ts';
import { type IngestedDocument, SEVERITIES } from './ingest/document.ts';
import { NOT_KEPT, notKeptFields } from './life/rules.ts';
import type { SourceItem, SourceItems, SourceReader, SourceRequest } from './ports.ts';
import { classifyItems, injectionOf } from './score-items.ts';

export interface SourceReading extends Reading {
  readonly label: Label;
  readonly findings: readonly Finding[];
  /** The highest injection score of the items, per mille; 0 where nothing was noticed. */
  readonly injection: number;
  /** The data of the `source.read` record, without the decision that let it be read. */
  readonly record: Omit<RecordData<'source.read'>, 'decision' | 'request'>;
}

/**
 * Reads a declared source (requirements A3, D3, D8, D11): the query is validated by the contract's schema, only
 * declared fields come back, each item has an evidence id, and the whole carries the label that the contract declares.
 * A source gains no authority by what it says: its label never depends on its content.
 * Errors: `bad_input`, `unknown_case`, `source_failed`, `egress_refused`.
 */
export async function readSource(
  readers: readonly SourceReader[],
  request: SourceRequest,
  classifier: InjectionClassifier | null = null,
): Promise<SourceReading> {
  const { contract, query } = request;
  const { read, fields } = await readChecked(readers, request);
  const notKept = notKeptFields(contract);
  const evidence = read.items.map((item) => markedEvidence(contract, item, notKept));
  const label = labelOf(contract);
  const findings = classifier ? await classifyItems(read.items, read.findings, classifier) : read.findings;
  return {
    evidence: labelEvidence(evidence, label),
    available: read.available,
    count: evidence.length,
    label,
    findings,
    injection: injectionOf(findings),
    record: {
      source: contract.name,
      version: contract.version,
      query,
      available: read.available,
      read: evidence.length,
      fields,
      fields_left_out: [...read.fieldsLeftOut],
      cut_values: read.cutValues,
      label: labelData(label),
      findings: findings.map(({ kind, count, positions, score }) => ({
        ...{ kind, count, positions: [...positions] },
        ...(score === undefined ? {} : { score }),
      })),
      evidence: evidence.map((item) => ({ id: item.id, position: item.position, digest: evidenceDigest(item) })),
      ...(read.document ? { document: summaryOf(read.document, notKept.length === 0) } : {}),
      ...(notKept.length > 0 ? { not_kept: notKept } : {}),
    },
  };
}

const FINDINGS_RECORDED_MAX = 100;

/**
 * Reads a source anew for one question: the fields that may not be kept, by the id of their evidence. Nothing of it may be
 * stored or recorded. Items that are not the same any more are not among them.
 */
export async function revealNotKept(
  readers: readonly SourceReader[],
  request: SourceRequest,
): Promise<Labelled<ReadonlyMap<EvidenceId, JsonObject>>> {
  const { contract } = request;
  const { read } = await readChecked(readers, request);
  const notKept = notKeptFields(contract);
  const revealed = new Map<EvidenceId, JsonObject>();
  for (const item of read.items) {
    const fields = Object.entries(item.fields).filter(([name]) => notKept.includes(name));
    revealed.set(markedEvidence(contract, item, notKept).id, Object.fromEntries(fields));
  }
  return new Labelled<ReadonlyMap<EvidenceId, JsonObject>>(revealed, labelOf(contract));
}

/** One piece of evidence, with a mark for what may not be kept; its id does not depend on that. */
function markedEvidence(contract: SourceContract, item: SourceItem, notKept: readonly string[]): Evidence {
  const fields = Object.entries(item.fields).map(([name, value]) => [name, notKept.includes(name) ? NOT_KEPT : value]);
  return makeEvidence(contract.name, item.position, Object.fromEntries(fields), item.place);
}

function labelOf(contract: SourceContract): Label {
  return {
    integrity: contract.integrity,
    confidentiality: contract.confidentiality,
    categories: [...new Set(contract.categories)].sort(),
    origins: [contract.name],
  };
}

async function readChecked(
  readers: readonly SourceReader[],
  request: SourceRequest,
): Promise<{ read: SourceItems; fields: string[] }> {
  const { contract, query } = request;
  const errors = queryErrors(contract, query);
  if (errors.length > 0)
    throw new PortreeveError('bad_input', `source ${contract.name} does not accept this query`, { errors });
  const reader = readers.find((each) => each.kind === contract.binding.kind);
  if (reader === undefined)
    throw new PortreeveError('misconfigured', `no reader for ${contract.binding.kind} sources is set up`);
  const read = await reader.read(request);
  const fields = contract.fields.map((field) => field.name);
  const declared = new Set(fields);
  for (const item of read.items)
    if (Object.keys(item.fields).some((name) => !declared.has(name)))
      throw new TypeError(`the ${reader.kind} reader let an undeclared field out`);
  return { read, fields };
}

/** What goes on record of a document: its digest, and the gravest findings with what was taken out. */
function summaryOf(document: IngestedDocument, keep: boolean): RecordData<'source.read'>['document'] {
  const grave = [...document.findings].sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
  return {
    media_type: document.media_type,
    digest: document.digest,
    blocks: document.blocks.length,
    truncated: document.truncated,
    findings: grave.slice(0, FINDINGS_RECORDED_MAX).map(({ position, removed, detail, ...finding }) => ({
      ...finding,
      ...position,
      // What may not be kept may stand in what was taken out, and in what a finding says of it.
      detail: keep ? detail : NOT_KEPT,
      ...(removed === undefined ? {} : { removed: keep ? removed : NOT_KEPT }),
    })),
    findings_left_out: Math.max(0, grave.length - FINDINGS_RECORDED_MAX) + document.findings_left_out,
  };
}

const validators = new WeakMap<SourceContract, (query: unknown) => FieldError[]>();

function queryErrors(contract: SourceContract, query: unknown): FieldError[] {
  let validate = validators.get(contract);
  if (validate === undefined) {
    validate = compileSchema(contract.query);
    validators.set(contract, validate);
  }
  return validate(query);
}
