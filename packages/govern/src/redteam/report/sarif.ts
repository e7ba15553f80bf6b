import { digestOf } from '@portreeve/contract';
import { attemptName, FINDINGS, type FindingKind, type RedTeamReport } from '../report.ts';

/** SARIF takes no control characters well in viewers, and an attack may hold any. */
const plain = (text: string): string => text.toWellFormed().replace(/[\p{Cc}\p{Cf}]/gu, ' ');

const RULES = Object.entries(FINDINGS).map(([id, text]) => ({
  id,
  shortDescription: { text },
  defaultConfiguration: { level: id === 'false-alarm' ? 'warning' : 'error' },
}));

/** What was found as a SARIF 2.1.0 log (OASIS): one run for each workflow, one result for each finding. */
export function sarifReport(reports: readonly RedTeamReport[]): object {
  return {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: reports.map((report) => ({
      tool: { driver: { name: 'portreeve redteam', version: report.portreeve, rules: RULES } },
      automationDetails: { id: `redteam/${report.workflow}/` },
      invocations: [{ executionSuccessful: true, startTimeUtc: report.started, endTimeUtc: report.ended }],
      properties: { release: report.release, model: report.model, seed: report.seed, figures: report.figures },
      results: report.attempts.flatMap((attempt) => {
        if (attempt.kind === null) return [];
        const { pack, attack, place, dress } = attempt;
        return [
          {
            ruleId: attempt.kind,
            ruleIndex: RULES.findIndex(({ id }) => id === attempt.kind),
            level: levelOf(attempt.kind),
            message: { text: plain(`${attemptName(attempt)}: ${attempt.fault ?? ''}`) },
            locations: [
              {
                physicalLocation: { artifactLocation: { uri: `workflows/${report.workflow}/workflow.ts` } },
                logicalLocations: [{ fullyQualifiedName: plain(`${report.workflow}: ${place}`) }],
              },
            ],
            // The same finding in the next run is the same, whatever its seed.
            partialFingerprints: {
              'attack/v1': digestOf({ workflow: report.workflow, pack, attack, place, dress: dress ?? '' }),
            },
          },
        ];
      }),
    })),
  };
}

const levelOf = (kind: FindingKind): 'warning' | 'error' => (kind === 'false-alarm' ? 'warning' : 'error');
