import { parsePlace } from '@portreeve/audit';
import {
  actorOf,
  controlCounts,
  digestOf,
  draft,
  type EvidenceProof,
  type EvidenceReport,
  type Framework,
  type JsonObject,
  type Principal,
} from '@portreeve/contract';
import { answerFramework, FRAMEWORK_MAPS } from '@portreeve/govern';
import type { Services } from '../services.ts';
import { lookAtRecord, type Span } from './look-at-record.ts';

type Needs = Pick<Services, 'audit' | 'auditScope' | 'clock' | 'identity' | 'workflows' | 'info'>;

type Agent = Awaited<ReturnType<Services['identity']['agents']>>[number];

const AGENTS_MAX = 10_000;
const AGENTS_PAGE = 200;

/**
 * Answers every control of a framework from the record, as far as the reader may see it (requirement H8). Each record that
 * an answer names comes with its proof. That the report was made stands on record, by its digest, before it is shown.
 */
export async function reportEvidence(
  services: Needs,
  reader: Principal,
  framework: Framework,
  span: Span,
): Promise<EvidenceReport> {
  const scope = services.auditScope(reader);
  const look = lookAtRecord({
    ...{ audit: services.audit, clock: services.clock, span, workflows: scope },
    agents: () => allAgents(services),
    releasesByWorkflow: new Map(
      services.workflows.map(({ definition, release }) => [definition.contract.name, release]),
    ),
  });
  const controls = await answerFramework(framework, look);
  const places = new Set(controls.flatMap(({ answers }) => answers.flatMap(({ records }) => records)));
  const report: EvidenceReport = {
    format: 'portreeve-evidence@v1',
    ...{ framework, title: FRAMEWORK_MAPS[framework].title, made_at: look.now.toISOString(), span },
    portreeve: services.info.version,
    environment: services.info.environment as EvidenceReport['environment'],
    scope: scope === null ? null : [...scope].sort(),
    remarks: await look.remarks(),
    controls,
    ...(await proofsOf(services, places)),
  };
  await services.audit.record([
    draft({
      type: 'evidence.reported',
      actor: actorOf(reader),
      outcome: framework,
      data: {
        ...{ framework, from: span.from, to: span.to },
        controls: controlCounts(controls),
        report: digestOf(report as unknown as JsonObject),
      },
    }),
  ]);
  return report;
}

export async function allAgents({ identity }: Pick<Services, 'identity'>): Promise<Agent[]> {
  const agents: Agent[] = [];
  let page: Agent[];
  do {
    page = await identity.agents({ limit: AGENTS_PAGE, after: agents.at(-1)?.id ?? null });
    agents.push(...page);
  } while (page.length === AGENTS_PAGE && agents.length < AGENTS_MAX);
  return agents;
}

/** The records of one log come under one checkpoint of it; a log that no place is of is left out. */
async function proofsOf(
  { audit }: Pick<Services, 'audit'>,
  places: ReadonlySet<string>,
): Promise<Pick<EvidenceReport, 'logs' | 'proofs'>> {
  const logs: EvidenceReport['logs'] = [];
  const proofs: EvidenceProof[] = [];
  for (const { name, log } of audit.all) {
    const own = [...places].filter((place) => parsePlace(place).name === name);
    if (own.length === 0) continue;
    const { checkpoint, receipts } = await log.receipts(own.map((place) => parsePlace(place).index));
    const { note, size } = checkpoint;
    logs.push({ name, origin: log.origin, vkey: log.vkey, size, checkpoint: note });
    proofs.push(...own.map((place, i) => ({ place, proof: receipts[i]!.proof, entry: receipts[i]!.entry })));
  }
  return { logs, proofs };
}
