import type { RunRecord } from '../api/live-run.ts';
import type { Tone } from '../ui/badge.tsx';
import { toneOf } from '../ui/badge.tsx';

/** The way of a task, as the house names it. */
export const STAGES = [
  'admit',
  'retrieve',
  'assemble',
  'reason',
  'validate',
  'propose',
  'decide',
  'approve',
  'grant',
  'execute',
] as const;
export type Stage = (typeof STAGES)[number];

const STAGE_BY_TYPE: Readonly<Record<string, Stage>> = {
  'run.submitted': 'admit',
  'run.admitted': 'admit',
  'run.refused': 'admit',
  'source.read': 'retrieve',
  'source.refused': 'retrieve',
  'source.failed': 'retrieve',
  'tool.answered': 'retrieve',
  'tool.refused': 'propose',
  'prompt.refused': 'assemble',
  'prompt.assembled': 'assemble',
  'endpoint.refused': 'assemble',
  'deidentification.failed': 'assemble',
  'model.answered': 'reason',
  'model.failed': 'reason',
  'output.validated': 'validate',
  'output.rejected': 'validate',
  'arguments.restored': 'propose',
  'proposal.submitted': 'propose',
  'proposal.narrowed': 'propose',
  'decision.made': 'decide',
  'approval.requested': 'approve',
  'approval.verdict': 'approve',
  'approval.refused_verdict': 'approve',
  'approval.closed': 'approve',
  'grant.issued': 'grant',
  'grant.refused': 'grant',
  'execution.intent': 'execute',
  'execution.result': 'execute',
};

export type StageState = 'open' | 'done' | 'now' | 'stopped';

/** Where a run is on its way: what it has passed, where it is, and where it was stopped. */
export function stageStates(records: readonly RunRecord[]): Readonly<Record<Stage, StageState>> {
  const states = Object.fromEntries(STAGES.map((stage) => [stage, 'open'])) as Record<Stage, StageState>;
  let last: Stage | null = null;
  let ended: string | null = null;
  for (const { entry } of records) {
    const stage = STAGE_BY_TYPE[entry.type];
    if (entry.type === 'run.ended') ended = entry.outcome;
    if (!stage) continue;
    states[stage] = 'done';
    last = stage;
  }
  if (last) states[last] = ended === null ? 'now' : ended === 'completed' ? 'done' : 'stopped';
  return states;
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const demand = (value: unknown): string => {
  const { groups, quorum } = value as Data;
  return `${text(quorum)} of ${list(groups).map(text).join(', ')}`;
};
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
type Data = Readonly<Record<string, unknown>>;

/** One sentence a record. What stands in quotes was written by somebody, and is shown as it is. */
const SENTENCES: Readonly<Record<string, (data: Data) => string>> = {
  'run.submitted': ({ workflow }) => `Asked ${text(workflow)} for a run`,
  'run.admitted': () => 'Policy admitted the task',
  'run.refused': () => 'Policy refused the task',
  'run.recovered': () => 'Another process took the run over where it was left',
  'run.ended': ({ ending }) => `Ended: ${text(ending)}`,
  'source.read': ({ source, read, available, findings }) =>
    `Read ${text(read)} of ${text(available)} items of ${text(source)}${list(findings).length > 0 ? `, with ${list(findings).length} kinds of findings` : ''}`,
  'source.refused': ({ source }) => `Policy refused to read ${text(source)}`,
  'tool.answered': ({ tool, findings }) =>
    `Showed the agent what ${text(tool)} answered${list(findings).length > 0 ? `, with ${list(findings).length} kinds of findings` : ''}`,
  'tool.refused': ({ tool }) => `The workflow does not declare the tool ${text(tool)}`,
  'prompt.refused': ({ prompt }) => `The workflow does not declare the prompt ${text(prompt)}`,
  'source.failed': ({ source, reason }) => `${text(source)} could not be read: ${text(reason)}`,
  'prompt.assembled': ({ prompt, version, endpoint, evidence_shown }) =>
    `Assembled the prompt ${text(prompt)} ${text(version)} with ${text(evidence_shown)} pieces of evidence for ${text(endpoint)}`,
  'endpoint.refused': ({ endpoint }) => `Policy did not let the question go to ${text(endpoint)}`,
  'model.answered': ({ model_answered, latency_ms, simulated }) =>
    `${text(model_answered)}${simulated === true ? ' (simulated)' : ''} answered in ${text(latency_ms)} ms`,
  'model.failed': ({ model_asked, reason }) => `${text(model_asked)} did not answer: ${text(reason)}`,
  'output.validated': ({ repaired }) =>
    `The answer fits its schema${repaired === true ? ', after it was asked again' : ''}`,
  'output.rejected': ({ errors }) => `The answer does not fit its schema (${list(errors).length} faults)`,
  'proposal.submitted': ({ tool, preview_of }) =>
    preview_of === undefined ? `Proposed ${text(tool)}` : `Asked ${text(tool)} for a dry run`,
  'proposal.narrowed': ({ profiles }) => `Policy narrowed it: ${list(profiles).map(text).join(', ')}`,
  'decision.made': ({ phase }) =>
    ({
      submit: 'Policy decided',
      after_approval: 'Policy decided again, with the approval',
      at_use: 'Policy decided at the moment of use',
    })[text(phase)] ?? 'Policy decided',
  'approval.requested': ({ groups, quorum, demands = [{ groups, quorum }] }) =>
    `Asked ${list(demands).map(demand).join(', and ')} to agree`,
  'approval.verdict': () => 'Gave a signed verdict',
  'approval.refused_verdict': ({ code }) => `A verdict was refused: ${text(code)}`,
  'approval.closed': ({ by }) => `The approval was closed by ${text(by)}`,
  'grant.issued': ({ audience }) => `A grant was issued for ${text(audience)}`,
  'grant.refused': ({ reason }) => `No grant: ${text(reason)}`,
  'execution.intent': ({ tool }) => `Is about to call ${text(tool)}`,
  'execution.result': ({ duration_ms, reason }) =>
    `The tool answered after ${text(duration_ms)} ms${reason ? `: ${text(reason)}` : ''}`,
  'notice.posted': ({ groups }) => `Told ${list(groups).map(text).join(', ')}`,
  'handoff.opened': ({ why }) => `Handed to a person: ${text(why)}`,
  'handoff.closed': ({ note }) => `A person finished it: ${text(note)}`,
  'undo.requested': ({ tool, reason }) => `Asked that ${text(tool)} be taken back: ${text(reason)}`,
};

export function sentenceOf(type: string, data: Data | null): string {
  const make = SENTENCES[type];
  if (data === null) return `${type}: what it said was erased`;
  return make ? make(data) : type.replace('.', ' ').replaceAll('_', ' ');
}

export function toneOfRecord(type: string, outcome: string): Tone {
  if (type.endsWith('.refused') || type.endsWith('.failed') || type === 'output.rejected') return 'bad';
  return outcome ? toneOf(outcome) : 'plain';
}
