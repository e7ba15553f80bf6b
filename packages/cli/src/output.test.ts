import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, table, wrap } from './output.ts';
import { renderApproval } from './render/approval.ts';
import { stageLines } from './render/stages.ts';

/** Anything that could drive a terminal or hide in it. */
const UNPRINTABLE = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|[\p{Zs}--[ ]]/v;

const HOSTILE = [
  '\u001b[2J\u001b[1;1Happroved',
  '\u001b]0;title\u0007',
  '\u001b]8;;http://evil.example\u001b\\click\u001b]8;;\u001b\\',
  '\u009b31m',
  'a\rDENIED',
  'a\u0008\u0008b',
  'exe.\u202efdp',
  'zero\u200bwidth\u2060\ufeff',
  'tag\u{e0041}\u{e0042}',
  'line\u2028paragraph\u2029',
  'null\u0000',
  'joined\u034f\ufe0f',
  'a\u00a0space\u3000that is none',
];

describe('printable', () => {
  test('F3: no escape sequence of untrusted text reaches the terminal', () => {
    for (const text of HOSTILE) expect(printable(text)).not.toMatch(UNPRINTABLE);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !UNPRINTABLE.test(printable(text))));
  });

  test('text that people read stays as it is', () => {
    for (const text of [
      'Zürich, 東京, Ελλάδα',
      'C:\\Users\\j.okafor',
      '“quoted” – 100 %',
      '👩‍🚒'.replaceAll('\u200d', ''),
    ])
      expect(printable(text)).toBe(text);
  });

  test('what is replaced can still be seen', () => {
    expect(printable('\u001b[31m')).toBe('\\u{1b}[31m');
    expect(printable('exe.\u202efdp')).toBe('exe.\\u{202e}fdp');
    expect(printable('a\nb\tc')).toBe('a b c');
  });
});

test('wrap breaks at words, keeps every one, and indents', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^\S{1,50}$/)), fc.nat(10), (words, indent) => {
      const wrapped = wrap(words.join(' '), indent, 60);
      expect(wrapped.split(/\s+/).filter((word) => word !== '')).toEqual(words);
      for (const line of wrapped.split('\n').slice(1)) expect(line.startsWith(' '.repeat(indent))).toBe(true);
    }),
  );
});

test('table puts the cells of a column under each other', () => {
  expect(
    table([
      ['a', 'bb'],
      ['ccc', 'd'],
    ]),
  ).toBe('a    bb\nccc  d');
});

describe('what people are shown', () => {
  /** Every string of a value made hostile. */
  const poison = <T>(value: T, with_: string): T =>
    JSON.parse(JSON.stringify(value), (_, item) => (typeof item === 'string' ? item + with_ : item)) as T;
  const onlyLines = (text: string) => text.replaceAll('\n', '');

  const decision = {
    outcome: 'approve',
    policy_version: 'sha256:0',
    reasons: [{ text: 'a reason', layer: 'data', rule: 'a.rule' }],
    notify: ['a-group'],
    next: 'ask',
  };
  const view = {
    approval: {
      id: 'appr_1',
      state: 'pending',
      demands: [{ quorum: 1, groups: ['leads'] }],
      expires_at: '2026-11-20T00:00:00.000Z',
    },
    workflow: { name: 'w', title: 'W', tier: 'high' },
    requester: { name: 'analyst', act: [{ id: 'agent:w' }] },
    tool: { name: 't', version: '1.0', description: 'does', tier: 3, effect: 'external', reversible: false },
    args: { title: 'text', list: ['one', { deep: 'two' }], 'odd/~key': 'x' },
    provenance: [
      { path: '/title', kind: 'model', origins: [] },
      { path: '/list/0', kind: 'untrusted-document', origins: [] },
      { path: '/list/1/deep', kind: 'request', origins: [] },
      { path: '/odd~1~0key', kind: 'constant', origins: [] },
    ],
    influence: { integrity: 'untrusted', confidentiality: 'confidential', categories: ['personal'] },
    findings: [
      { source: 'mails', kind: 'injection_likely', count: 2, positions: [3, 7], score: 930 },
      { source: 'mails', kind: 'hidden_text', count: 1, positions: [1] },
    ],
    rationale: 'because',
    evidence: [{ id: 'ev_1', source: 's', position: 1, fields: { Field: 'value' } }],
    decision,
    digest: 'sha256:1',
    on_denial: 'nothing happens',
  };

  test('F3: renderApproval shows every argument with where it came from, whole', () => {
    const long = 'word '.repeat(500).trim();
    const shown = renderApproval({ ...view, args: { ...view.args, title: long } });
    expect(shown.split(/\s+/).filter((word) => word === 'word')).toHaveLength(500);
    expect(shown).toMatch(/written by the model from UNTRUSTED data/);
    expect(shown).toMatch(/1\. one .*UNTRUSTED document/);
    expect(shown).toMatch(/deep: two|from the request/);
    for (const text of [
      'sha256:1',
      'because',
      'a reason',
      'nothing happens',
      'mails: injection_likely 930/1000 (2) in item 3, 7',
      'mails: hidden_text (1) in item 1',
      'ev_1',
      'Field: value',
      'analyst',
      'agent:w',
    ])
      expect(shown).toContain(text);
  });

  test('F3: renderApproval lets nothing of hostile text reach the terminal as it is', () => {
    for (const hostile of HOSTILE) {
      const poisoned = poison(view, hostile);
      const args = { [`key${hostile}`]: hostile, ...poisoned.args };
      const evidence = [{ ...poisoned.evidence[0], fields: { [`name${hostile}`]: hostile } }];
      const shown = onlyLines(renderApproval({ ...poisoned, args, evidence }));
      expect(UNPRINTABLE.exec(shown), JSON.stringify(hostile)).toBeNull();
    }
  });

  const preview = (over: object) => ({
    digest: 'sha256:2',
    age_s: 600,
    shown: {
      state: 'made',
      tool: 'show_t',
      tool_version: '1.0',
      proposal: 'prop_p',
      execution: 'exec_p',
      made_at: '2026-11-20T00:00:00.000Z',
      label: { integrity: 'untrusted', confidentiality: 'internal', categories: [], origins: ['tool:show_t'] },
      form: 'diff',
      declared: ['after', 'before'],
      result: {},
    },
    changes: [
      { kind: 'added', path: '/groups/1', after: { name: 'billing', note: 'new' } },
      { kind: 'removed', path: '/groups/0', before: 'sales' },
      { kind: 'changed', path: '/level', before: 1, after: '1' },
      { kind: 'changed', path: '/rows/0/n', was_at: '/rows/1/n', before: 'old', after: 'new' },
    ],
    fields: [{ name: 'note', declared: false, value: 'beside' }],
    ...over,
  });

  test('F3: renderApproval shows what a dry run saw: each change whole, how old, whose word it is, what is signed', () => {
    const long = 'word '.repeat(5000).trim();
    const shown = renderApproval({
      ...view,
      preview: preview({ fields: [{ name: 'note', declared: false, value: long }] }),
    });
    expect(shown.split(/[\s"]+/).filter((word) => word === 'word')).toHaveLength(5000);
    for (const text of [
      'What it would do, as show_t 1.0 saw it 10 minutes ago (2026-11-20T00:00:00.000Z):',
      'UNTRUSTED',
      '+ /groups/1: {"name":"billing","note":"new"}',
      '- /groups/0: "sales"',
      '~ /level: 1 → "1"',
      '~ /rows/0/n (was at /rows/1/n): "old" → "new"',
      'its contract does not declare this',
      'preview sha256:2: your signature names it',
    ])
      expect(shown).toContain(text);
    expect(renderApproval({ ...view, preview: preview({ changes: [] }) })).toContain('It would change nothing.');
    expect(renderApproval({ ...view, preview: null })).not.toContain('would');
  });

  test('F3: renderApproval says in words that there is no preview, and why', () => {
    const shown = { state: 'missing', why: 'refused', text: 'Policy did not let it.', proposal: null, made_at: 'T' };
    const text = renderApproval({ ...view, preview: preview({ shown, changes: null, fields: [] }) });
    expect(text).toContain('What it would do is not known: there is no preview (refused, 10 minutes ago (T)).');
    expect(text).toContain('Policy did not let it.');
    expect(text).toContain('preview sha256:2');
  });

  test('F3: nothing hostile of a preview reaches the terminal as it is', () => {
    for (const hostile of HOSTILE) {
      const made = poison(preview({}), hostile);
      const changes = (preview({}).changes as object[]).map((change) => ({
        ...poison(change, hostile),
        kind: (change as { kind: string }).kind,
      }));
      const shown = { ...made.shown, state: 'made' };
      const text = onlyLines(renderApproval({ ...view, preview: { ...made, shown, changes } }));
      expect(UNPRINTABLE.exec(text), JSON.stringify(hostile)).toBeNull();
      const missing = poison({ state: '', why: 'late', text: 'why', proposal: null, made_at: 'T' }, hostile);
      const gone = { ...made, shown: { ...missing, state: 'missing' }, changes: null, fields: [] };
      expect(UNPRINTABLE.exec(onlyLines(renderApproval({ ...view, preview: gone })))).toBeNull();
    }
  });

  const RECORDS: readonly [string, object][] = [
    ['run.submitted', { workflow: 'w', attachments: [{ name: 'file' }] }],
    ['run.admitted', { decision, tier: 'high' }],
    ['run.refused', { decision }],
    [
      'source.read',
      {
        source: 's',
        read: 1,
        available: 2,
        fields_left_out: ['x'],
        label: { integrity: 'untrusted', confidentiality: 'internal' },
        findings: [
          { kind: 'k', count: 1, positions: [1] },
          { kind: 'injection_likely', count: 1, positions: [1], score: 800 },
        ],
      },
    ],
    ['source.refused', { decision }],
    ['tool.refused', { decision }],
    ['prompt.refused', { reason: 'not declared' }],
    ['source.failed', { reason: 'broken' }],
    [
      'prompt.assembled',
      {
        ...{
          prompt: 'p',
          version: '1',
          evidence_shown: 1,
          evidence_left_out: 1,
          tokens_estimated: 1,
          system_digest: 'd',
        },
        ...{ endpoint: 'cloud', deidentified: { email: 2 } },
      },
    ],
    ['endpoint.refused', { endpoint: 'cloud', deidentified: true, decision }],
    ['deidentification.failed', { reason: 'no answer' }],
    ['arguments.restored', { tool: 't', restored: { email: 1 }, withheld: {} }],
    ['pseudonyms.erased', { count: 3 }],
    [
      'model.answered',
      {
        model_answered: 'm',
        simulated: true,
        output_category: 'valid',
        input_tokens: 1,
        output_tokens: 1,
        latency_ms: 1,
        repair: true,
      },
    ],
    ['model.failed', { attempts: 1, reason: 'r' }],
    ['output.rejected', { errors: ['e'], repair_follows: true }],
    ['output.validated', { cited: ['ev_1'], repaired: true }],
    ['proposal.submitted', { tool: 't', tool_version: '1', evidence: [], digest: 'd' }],
    ['decision.made', { decision, phase: 'submit' }],
    ['decision.made', { decision: { ...decision, outcome: 'notify' }, phase: 'at_use' }],
    ['approval.requested', { quorum: 1, groups: ['g'], expires_at: 'x' }],
    ['approval.verdict', { verdict: { statement: { verdict: 'approve' }, public_key: 'k' } }],
    ['approval.refused_verdict', { code: 'c' }],
    ['approval.closed', { state: 'approved', by: 'person' }],
    ['grant.issued', { audience: 'a', expires_at: 'x' }],
    ['grant.refused', { code: 'c', reason: 'r' }],
    ['execution.intent', { tool: 't', tool_version: '1' }],
    ['execution.result', { state: 'failed', http_status: 500, reason: 'r', duration_ms: 1 }],
    ['handoff.opened', { kind: 'refused', why: 'w' }],
    ['run.ended', { state: 'completed', ending: 'e', result: null }],
  ];
  const entry = {
    index: 1,
    actor: { name: 'analyst' },
    refs: { release: 'r', approval: 'a', grant: 'g', tool: 't', execution: 'e', handoff: 'h' },
  };

  test.each(RECORDS)('F3: the line of %s lets nothing of hostile text reach the terminal as it is', (type, data) => {
    expect(stageLines(type, data, entry)).not.toEqual([]);
    for (const hostile of HOSTILE) {
      const lines = stageLines(type, poison(data, hostile), poison(entry, hostile));
      for (const line of lines) expect(UNPRINTABLE.exec(line), JSON.stringify(hostile)).toBeNull();
    }
  });

  test('a record whose payload was erased, or of a type that tells nothing, has no line', () => {
    expect(stageLines('run.ended', null, entry)).toEqual([]);
    expect(stageLines('no.such.type', {}, entry)).toEqual([]);
  });
});
