import {
  compileSchema,
  type FieldError,
  type Label,
  labelData,
  PortreeveError,
  type Reading,
  type RecordData,
  type SourceContract,
} from '@portreeve/contract';
import type { InjectionClassifier } from './detect/outside-classifier.ts';
import { evidenceDigest, labelEvidence, makeEvidence } from './evidence.ts';
import type { Finding } from './findings.ts';
import type { SourceReader, SourceRequest } from './ports.ts';
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
  const errors = queryErrors(contract, query);
  if (errors.length > 0)
    throw new PortreeveError('bad_input', `source ${contract.name} does not accept this query`, { errors });
  const reader = readers.find((each) => each.kind === contract.binding.kind);
  if (reader === undefined)
    throw new PortreeveError('misconfigured', `no reader for ${contract.binding.kind} sources is set up`);

  const read = await reader.read(request);
  const fields = contract.fields.map((field) => field.name);
  const declared = new Set(fields);
  const evidence = read.items.map((item) => {
    const stray = Object.keys(item.fields).find((name) => !declared.has(name));
    if (stray !== undefined) throw new TypeError(`the ${reader.kind} reader let an undeclared field out`);
    return makeEvidence(contract.name, item.position, item.fields);
  });
  const findings = classifier ? await classifyItems(read.items, read.findings, classifier) : read.findings;
  const label: Label = {
    integrity: contract.integrity,
    confidentiality: contract.confidentiality,
    categories: [...new Set(contract.categories)].sort(),
    origins: [contract.name],
  };
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
    },
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
