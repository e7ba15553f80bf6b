// Plain JavaScript that needs nothing: `stages.ts` imports it for the terminal, and `replay/page.ts` puts its text into the
// page that an auditor opens, so that both tell a run in the same words.

/** A digest or an id, short enough for a line. */
function short(digest) {
  return digest.startsWith('sha256:') ? `${digest.slice(0, 19)}\u2026` : digest;
}

/** One line for a record: which stage, what was decided and why. Types that tell nothing new in a terminal have none. */
const LINES = {
  'run.submitted': (data, entry) => [
    [
      'identify',
      `${entry.actor.name} asks ${data.workflow} to run${data.attachments.length > 0 ? `, with ${data.attachments.map((each) => each.name).join(', ')}` : ''}`,
    ],
  ],
  'run.admitted': (data, entry) => [
    [
      'admit',
      `${data.decision.outcome}: risk tier ${data.tier}, release ${short(entry.refs.release)}, policy ${short(data.decision.policy_version)}`,
    ],
  ],
  'run.refused': (data) => [['admit', `refused: ${reasons(data.decision)}`]],
  'run.recovered': () => [['admit', 'taken over from a process that ended']],
  'source.read': (data) => [
    [
      'retrieve',
      `${data.source}: ${data.read} of ${data.available} events, declared fields only${data.fields_left_out.length > 0 ? ` (${data.fields_left_out.length} others left out)` : ''}; ${data.label.integrity}, ${data.label.confidentiality}`,
    ],
    ...data.findings.map((finding) => [
      'retrieve',
      `finding: ${finding.kind}${finding.score === undefined ? '' : ` ${finding.score}/1000`} (${finding.count}) in event ${finding.positions.slice(0, 5).join(', ')}; it stays data, whatever it says`,
    ]),
  ],
  'source.refused': (data) => [['retrieve', `refused: ${reasons(data.decision)}`]],
  'tool.refused': (data) => [['propose', `refused: ${reasons(data.decision)}`]],
  'prompt.refused': (data) => [['assemble', `refused: ${data.reason}`]],
  'source.failed': (data) => [['retrieve', `failed: ${data.reason}`]],
  'prompt.assembled': (data) => [
    [
      'assemble',
      `${data.prompt} ${data.version}: ${data.evidence_shown} pieces of evidence${data.evidence_left_out > 0 ? `, ${data.evidence_left_out} left out` : ''}, about ${data.tokens_estimated} tokens, system layer ${short(data.system_digest)}, to ${data.endpoint}${data.deidentified === null ? '' : `, de-identified (${counts(data.deidentified)})`}`,
    ],
  ],
  'endpoint.refused': (data) => [
    ['assemble', `not to ${data.endpoint}${data.deidentified ? ' even de-identified' : ''}: ${reasons(data.decision)}`],
  ],
  'endpoint.passed_over': (data) => [['reason', `not by ${data.endpoint}: ${data.reason}`]],
  'question.waits': (data) => [
    ['reason', `waits: ${data.reason}${data.until === null ? '' : `; a person gets it at ${data.until}`}`],
  ],
  'question.degraded': (data) => [['reason', `DEGRADED, by the answer that the workflow declares: ${data.reason}`]],
  'deidentification.failed': (data) => [['assemble', `could not be de-identified: ${data.reason}`]],
  'arguments.restored': (data) => [
    [
      'propose',
      `${data.tool}: values back in place (${counts(data.restored)}), pseudonyms left (${counts(data.withheld)})`,
    ],
  ],
  'pseudonyms.erased': (data) => [
    ['record', `${data.count} pseudonyms erased: nobody can tell any more whom they meant`],
  ],
  'model.answered': (data) => [
    [
      'reason',
      `${data.model_answered}${data.simulated ? ' (SIMULATED)' : ''}: ${data.output_category}, ${data.input_tokens} tokens in, ${data.output_tokens} out, ${data.latency_ms} ms${data.repair ? ', repair' : ''}`,
    ],
  ],
  'model.failed': (data) => [['reason', `failed after ${data.attempts} attempts: ${data.reason}`]],
  'output.rejected': (data) => [
    ['validate', `rejected: ${data.errors.slice(0, 3).join('; ')}${data.repair_follows ? '; asking once more' : ''}`],
  ],
  'output.validated': (data) => [
    [
      'validate',
      `schema holds, ${data.cited.length} cited pieces of evidence all exist${data.repaired ? ', after one repair' : ''}${data.quarantined ? `; read in quarantine as ${data.quarantined.handle}, ${data.quarantined.bits} bits` : ''}`,
    ],
  ],
  'proposal.submitted': (data) => [
    [
      'propose',
      `${data.tool} ${data.tool_version}, ${data.evidence.length} pieces of evidence, digest ${short(data.digest)}`,
    ],
  ],
  'decision.made': (data) => [
    ['decide', `${data.decision.outcome} (${PHASES[data.phase] ?? data.phase}): ${reasons(data.decision)}`],
  ],
  'approval.requested': (data, entry) => [
    [
      'approve',
      `waits for ${data.quorum} of ${data.groups.join(', ')} until ${data.expires_at}: ${entry.refs.approval}`,
    ],
  ],
  'approval.verdict': (data, entry) => [
    [
      'approve',
      `${data.verdict.statement.verdict} by ${entry.actor.name}, signed with key ${data.verdict.public_key.slice(0, 12)}…`,
    ],
  ],
  'approval.refused_verdict': (data, entry) => [
    ['approve', `a verdict of ${entry.actor.name} was refused: ${data.code}`],
  ],
  'approval.closed': (data) => [['approve', `${data.state} (${data.by})`]],
  'grant.issued': (data, entry) => [
    ['grant', `${entry.refs.grant} for one call of ${entry.refs.tool} at ${data.audience}, until ${data.expires_at}`],
  ],
  'grant.refused': (data) => [['grant', `refused: ${data.code}, ${data.reason}`]],
  'execution.intent': (data, entry) => [
    ['execute', `intent on record before the call: ${data.tool} ${data.tool_version}, ${entry.refs.execution}`],
  ],
  'execution.result': (data) => [
    [
      'execute',
      `${data.state}${data.http_status ? ` (HTTP ${data.http_status})` : ''}${data.reason ? `: ${data.reason}` : ''} in ${data.duration_ms} ms`,
    ],
  ],
  'settlement.planned': (data) => [
    [
      'execute',
      `not known whether it happened: ${data.way === 'retry' ? 'called again with the same key' : 'the status tool is asked'} at ${data.at}`,
    ],
  ],
  'settlement.tried': (data) => [['execute', `${data.came.replaceAll('_', ' ')}: ${data.reason}`]],
  'undo.requested': (data, entry) => [['execute', `undo asked for: ${entry.refs.tool}, because ${data.reason}`]],
  'undo.ended': (data) => [['execute', `undo ${data.state}${data.why ? `: ${data.why}` : ''}`]],
  'unwinding.ended': (data) => [['execute', `${data.state}: ${data.undone.length} undone, ${data.left.length} stand`]],
  'notice.posted': (data) => [['decide', `${data.groups.join(', ')} are told (portreeve approvals notices)`]],
  'handoff.opened': (data, entry) => [
    ['execute', `a person must go on: ${data.why} (portreeve queue show ${entry.refs.handoff})`],
  ],
  'handoff.closed': (data) => [['execute', `a person has dealt with it: ${data.note}`]],
  'run.ended': (data) => [['record', `the run is ${data.state}: ${data.ending}`]],
};

const PHASES = {
  submit: 'at first',
  after_approval: 'again, with the approval',
  at_use: 'again, at the moment of use',
};

/** Counts by kind, in words. */
function counts(byKind) {
  const entries = Object.entries(byKind).map(([kind, count]) => `${count} ${kind}`);
  return entries.length === 0 ? 'none' : entries.join(', ');
}

/** What holds it back, in words; of a permit only which rules gave it. */
function reasons(decision) {
  const go = decision.outcome === 'permit' || decision.outcome === 'notify';
  if (go) {
    const rules = decision.reasons.map((reason) => reason.rule).join(', ');
    return rules || 'all four layers permit';
  }
  const texts = decision.reasons.map((reason) => `${reason.text} [${reason.layer}/${reason.rule}]`);
  return texts.join(' ') || decision.next;
}

/**
 * What one record says of the way of a task, as pairs of stage and sentence; none where it tells nothing new. The text is
 * not fit for a terminal or a page yet: it holds what others wrote.
 */
export function sentencesOf(type, data, entry) {
  const render = Object.hasOwn(LINES, type) ? LINES[type] : null;
  return render && data ? render(data, entry) : [];
}
