import { type Confidentiality, type Label, MAIN_LOG, type WorkflowDefinition } from '@portreeve/contract';
import type { EvidenceRecord } from '@portreeve/govern';
import { lookAtRecord, type RecordLook } from '../look-at-record.ts';
import { type Asked, type Register, type Row, seesWorkflow, wholeRegister } from './register.ts';

/** What was really read and sent, by its class, beside what is declared. */
export const dataFlows: Register = {
  title: 'Data flows by class and endpoint',
  columns: {
    key: 'Workflow, way, party and class',
    workflow: 'The workflow',
    way: '`read` from a source, `asked` of a model endpoint, `sent` by a tool',
    party: 'The source, endpoint or tool',
    where: 'Where that is',
    confidentiality: 'How secret the data was; empty where none flowed',
    categories: 'Of what kinds',
    integrity: 'How far it could be trusted',
    declared: 'The most that the party is declared for',
    times: 'How often, in the span, as far as it was looked at',
    first: 'The first of these times',
    last: 'The newest',
    record: 'The record of the newest',
  },
  page: wholeRegister(async (asked) => {
    const { services, reader, span } = asked;
    const look = lookAtRecord({
      ...{ audit: services.audit, clock: services.clock, span, workflows: services.auditScope(reader) },
      agents: async () => [],
      releasesByWorkflow: new Map(),
    });
    const flows = new Map<string, Row>();
    for (const seen of await seenFlows(look)) add(flows, seen);
    const declared = declaredFlows(asked);
    for (const [party, about] of declared) fill(flows, party, about);
    return [...flows.values()];
  }),
};

type Way = 'read' | 'asked' | 'sent';
type Class = Pick<Label, 'integrity' | 'confidentiality' | 'categories'>;

interface Flow {
  readonly workflow: string;
  readonly way: Way;
  readonly party: string;
  readonly label: Class;
  readonly record: Pick<EvidenceRecord, 'place' | 'time'>;
}

async function seenFlows(look: RecordLook): Promise<Flow[]> {
  const reads = (await look.records('source.read')).flatMap((record) =>
    flow('read', record.data?.source, record.data?.label, record),
  );
  const attempts = [...(await look.records('model.answered')), ...(await look.records('model.attempt_failed'))];
  const questions = attempts
    .filter(({ data }) => (data?.requests ?? 0) > 0)
    .flatMap((record) => flow('asked', record.data?.provider, record.data?.input_label, record));
  const influences = new Map(
    (await look.records('proposal.submitted')).map(({ refs, data }) => [refs.proposal, data?.influence]),
  );
  const calls = (await look.records('execution.intent')).flatMap((record) =>
    flow('sent', record.data?.tool, influences.get(record.refs.proposal), record),
  );
  return [...reads, ...questions, ...calls];
}

/** What was erased, or began before the span, has no class that could be told. */
function flow(way: Way, party: string | undefined, label: Class | undefined, record: EvidenceRecord): Flow[] {
  if (party === undefined || label === undefined) return [];
  return [{ workflow: record.refs.workflow ?? MAIN_LOG, way, party, label, record }];
}

function add(flows: Map<string, Row>, { workflow, way, party, label, record }: Flow): void {
  const { integrity, confidentiality } = label;
  const categories = [...label.categories].sort().join(', ');
  const key = [workflow, way, party, confidentiality, categories, integrity].join(' · ');
  const known = flows.get(key);
  const newer = known === undefined || record.time >= String(known.last);
  flows.set(key, {
    ...{ key, workflow, way, party, where: null, confidentiality, categories, integrity, declared: null },
    times: Number(known?.times ?? 0) + 1,
    first: known !== undefined && String(known.first) < record.time ? known.first! : record.time,
    last: newer ? record.time : known.last!,
    record: newer ? record.place : known.record!,
  });
}

interface Declared {
  readonly workflow: string;
  readonly way: Way;
  readonly party: string;
  readonly where: string;
  readonly clearance: { readonly confidentiality: Confidentiality; readonly categories: readonly string[] };
}

function declaredFlows(asked: Asked): Map<string, Declared> {
  const { services } = asked;
  const own = services.workflows.filter(({ definition }) => seesWorkflow(asked)(definition.contract.name));
  const all = own.flatMap(({ definition, promptsByName }) => [
    ...partiesOf(definition),
    ...(promptsByName.size === 0 ? [] : services.info.endpoints).map(
      ({ name, where, clearance }): Declared => ({
        ...{ workflow: definition.contract.name, way: 'asked', party: name, where, clearance },
      }),
    ),
  ]);
  return new Map(all.map((each) => [`${each.workflow} ${each.way} ${each.party}`, each]));
}

function partiesOf({ contract, sources, tools }: WorkflowDefinition): Declared[] {
  const workflow = contract.name;
  return [
    ...sources.map(
      ({ name, binding, confidentiality, categories }): Declared => ({
        ...{ workflow, way: 'read', party: name, where: binding.kind, clearance: { confidentiality, categories } },
      }),
    ),
    ...tools.map(
      ({ name, audience, clearance }): Declared => ({
        ...{ workflow, way: 'sent', party: name, where: audience, clearance },
      }),
    ),
  ];
}

/** Writes what is declared beside what flowed, or a row of its own where nothing did. */
function fill(flows: Map<string, Row>, party: string, about: Declared): void {
  const declared = [about.clearance.confidentiality, ...about.clearance.categories].join(', ');
  const { where } = about;
  const rows = [...flows.values()].filter((row) => `${row.workflow} ${row.way} ${row.party}` === party);
  for (const row of rows) flows.set(row.key, { ...row, where, declared });
  if (rows.length > 0) return;
  const key = [about.workflow, about.way, about.party].join(' · ');
  flows.set(key, {
    ...{ key, workflow: about.workflow, way: about.way, party: about.party, where, declared },
    ...{ confidentiality: null, categories: null, integrity: null, times: 0, first: null, last: null, record: null },
  });
}
