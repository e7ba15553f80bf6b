import { generateKeyPairSync, sign } from 'node:crypto';
import { canonicalJson, type VerdictStatement, verdictBytes } from '@portreeve/contract';
import { describe, expect, test } from 'vitest';
import { type ExportInput, verifyExport } from './export.ts';
import { verifyReceipt } from './receipt.ts';
import { makeExport, noteKey, notes, type TestExport, type TestRecord } from './testing/make-export.ts';
import { verifyVerdict } from './verdict.ts';

const input = (made: TestExport, lines: readonly string[] = made.lines): ExportInput & { entries: string } => ({
  entries: lines.map((line) => `${line}\n`).join(''),
  checkpoint: made.checkpoint,
  vkey: made.vkey,
});
const edit = (lines: readonly string[], index: number, change: (line: string) => string | string[]) =>
  lines.flatMap((line, i) => (i === index ? change(line) : line));

describe('G2: an export is checked with nothing but its files', () => {
  const made = makeExport(notes(20));

  test.each([0, 1, 2, 7, 8, 20])('all %i records', async (size) => {
    const some = makeExport(notes(size));
    expect(await verifyExport(input(some))).toEqual({
      ok: true,
      kind: null,
      problem: null,
      first_bad_index: null,
      complete: true,
      origin: 'test.example/audit/main',
      size,
      root: some.checkpoint.split('\n')[2],
      records: size,
      payloads_missing: 0,
      payloads_unexplained: 0,
      verdicts: 0,
      verdicts_by_registered_key: 0,
      key: some.vkey.trim(),
      cosigned_by: [],
      key_expected: false,
    });
  });

  test('in pieces of any length, and without the last newline', async () => {
    const { entries } = input(made);
    async function* pieces() {
      for (let at = 0; at < entries.length; at += 97) yield entries.slice(at, at + 97);
    }
    expect(await verifyExport({ ...input(made), entries: pieces() })).toMatchObject({ ok: true, records: 20 });
    expect(await verifyExport({ ...input(made), entries: entries.trimEnd() })).toMatchObject({ ok: true });
  });

  test('with the key that is expected, and with another', async () => {
    const other = noteKey();
    const expected = { ...input(made), expectedVkeys: [other.vkey, made.key.vkey] };
    expect(await verifyExport(expected)).toMatchObject({ ok: true, key_expected: true, key: made.key.vkey });
    expect(await verifyExport({ ...input(made), expectedVkeys: [other.vkey] })).toMatchObject({
      ok: false,
      kind: 'wrong_key',
      first_bad_index: null,
    });
    const resigned = {
      ...input(made),
      checkpoint: other.note(made.checkpoint.split('\n\n')[0]!.concat('\n')),
      vkey: other.vkey,
    };
    expect(await verifyExport(resigned)).toMatchObject({ ok: true, key_expected: false });
    expect(await verifyExport({ ...resigned, expectedVkeys: [made.key.vkey] })).toMatchObject({ kind: 'wrong_key' });
  });

  test.each<[string, (lines: string[]) => string[], { kind: string; first_bad_index: number | null }]>([
    [
      'an entry',
      (l) => edit(l, 11, (line) => line.replace('portreeve', 'somebody')),
      { kind: 'changed_entry', first_bad_index: 11 },
    ],
    [
      'the last entry',
      (l) => edit(l, 19, (line) => line.replace('portreeve', 'somebody')),
      { kind: 'changed_entry', first_bad_index: 19 },
    ],
    [
      'an entry\u2019s form',
      (l) => edit(l, 4, (line) => line.replace('{\\"actor', '{ \\"actor')),
      { kind: 'changed_entry', first_bad_index: 4 },
    ],
    [
      'an entry into nonsense',
      (l) => edit(l, 4, (line) => line.replace('{\\"actor', 'actor')),
      { kind: 'changed_entry', first_bad_index: 4 },
    ],
    [
      'two entries',
      (l) =>
        edit(
          edit(l, 9, (x) => x.replace('portreeve', 'b')),
          3,
          (x) => x.replace('portreeve', 'a'),
        ),
      { kind: 'changed_entry', first_bad_index: 3 },
    ],
    [
      'an entry, and a later one removed',
      (l) =>
        edit(
          edit(l, 9, () => []),
          3,
          (x) => x.replace('portreeve', 'a'),
        ),
      { kind: 'changed_entry', first_bad_index: 3 },
    ],
    [
      'a payload',
      (l) => edit(l, 5, (line) => line.replace('number 5', 'number 6')),
      { kind: 'changed_payload', first_bad_index: 5 },
    ],
    [
      'a stated leaf',
      (l) => edit(l, 5, (line) => line.replace(/"leaf":"[^"]*"/, `"leaf":"${'A'.repeat(43)}="`)),
      { kind: 'changed_leaf', first_bad_index: 5 },
    ],
    [
      'an entry and its leaf',
      (l) => edit(l, 5, () => makeExport(notes(20)).lines[5]!),
      { kind: 'forked', first_bad_index: 0 },
    ],
    ['a record out', (l) => edit(l, 13, () => []), { kind: 'missing', first_bad_index: 13 }],
    ['the first out', (l) => edit(l, 0, () => []), { kind: 'missing', first_bad_index: 0 }],
    [
      'two swapped',
      (l) =>
        edit(
          edit(l, 6, () => l[15]!),
          15,
          () => l[6]!,
        ),
      { kind: 'reordered', first_bad_index: 6 },
    ],
    ['one twice', (l) => edit(l, 6, (line) => [line, line]), { kind: 'reordered', first_bad_index: 7 }],
    ['the tail off', (l) => l.slice(0, 17), { kind: 'truncated', first_bad_index: 17 }],
    ['everything off', () => [], { kind: 'truncated', first_bad_index: 0 }],
    ['a record on', (l) => [...l, makeExport(notes(21)).lines[20]!], { kind: 'inserted', first_bad_index: 20 }],
    ['a line of nonsense', (l) => edit(l, 2, () => 'nonsense'), { kind: 'malformed', first_bad_index: 2 }],
    ['an empty line', (l) => edit(l, 2, (line) => ['', line]), { kind: 'malformed', first_bad_index: 2 }],
    [
      'a line without payload',
      (l) => edit(l, 2, (line) => line.replace('"payload"', '"pay"')),
      { kind: 'malformed', first_bad_index: 2 },
    ],
  ])('changed: %s', async (_, change, expected) => {
    const result = await verifyExport(input(made, change([...made.lines])));
    expect(result).toMatchObject({ ok: false, complete: false, problem: expect.any(String), ...expected });
  });

  test('without stated leaves a changed entry is noticed, and not located', async () => {
    const bare = made.lines.map((line) => line.replace(/,"leaf":"[^"]*"/, ''));
    expect(await verifyExport(input(made, bare))).toMatchObject({ ok: true });
    const changed = edit(bare, 11, (line) => line.replace('portreeve', 'somebody'));
    expect(await verifyExport(input(made, changed))).toMatchObject({ kind: 'forked', first_bad_index: 0 });
  });

  test('the checkpoint: altered, of another log, no checkpoint', async () => {
    const checkpoint = (text: string) => verifyExport({ ...input(made), checkpoint: text });
    expect(await checkpoint(made.checkpoint.replace('\n20\n', '\n19\n'))).toMatchObject({ kind: 'bad_signature' });
    expect(await checkpoint('nothing')).toMatchObject({ ok: false, kind: 'malformed', first_bad_index: null });
    expect(await checkpoint(made.key.note('some text\n'))).toMatchObject({ ok: false, kind: 'malformed' });
    const other = made.checkpoint.split('\n\n')[0]!.replace('/main', '/other').concat('\n');
    expect(await checkpoint(made.key.note(other))).toMatchObject({ kind: 'changed_entry', first_bad_index: 0 });
  });

  test('a clock that goes back', async () => {
    const records = notes(5).map((record, i) => ({ ...record, time: `2026-11-20T08:00:0${i === 3 ? 0 : i}.000Z` }));
    expect(await verifyExport(input(makeExport(records)))).toMatchObject({ kind: 'clock', first_bad_index: 3 });
  });

  describe('G6: erased payloads are compared with the records of their erasure', () => {
    const sealed = (keys: string[], note: string): TestRecord => ({ keys, data: { note } });
    const records = [
      sealed(['key_a'], 'of a'),
      sealed(['key_b'], 'of b'),
      sealed(['key_a', 'key_b'], 'of both'),
      { type: 'audit.erased', keys: ['key_custody'], data: { keys: ['key_a', 'key_c'] } },
      sealed(['key_d'], 'of d'),
    ];
    const erased = makeExport(records);
    const without = (from: TestExport, lines: readonly string[], ...gone: number[]) =>
      input(
        from,
        gone.reduce(
          (all: readonly string[], at) => edit(all, at, (x) => JSON.stringify({ ...JSON.parse(x), payload: null })),
          lines,
        ),
      );

    test('what the log says was erased is counted', async () => {
      expect(await verifyExport(without(erased, erased.lines, 0, 2))).toMatchObject({
        ...{ ok: true, complete: true, payloads_missing: 2, payloads_unexplained: 0 },
      });
    });

    test('tampering: a payload that is gone without such a record is named', async () => {
      expect(await verifyExport(without(erased, erased.lines, 0, 1, 2, 4))).toMatchObject({
        ...{ ok: false, kind: 'missing_payload', first_bad_index: 1, payloads_missing: 4, payloads_unexplained: 2 },
        problem: 'the payload of record 1 is gone, and no record says that it was erased',
      });
    });

    test('tampering: the record of an erasure loses its own payload, and explains nothing any more', async () => {
      expect(await verifyExport(without(erased, erased.lines, 0, 2, 3))).toMatchObject({
        ...{ ok: false, kind: 'missing_payload', first_bad_index: 0 },
      });
    });

    test('tampering: a payload that came back is named', async () => {
      expect(await verifyExport(without(erased, erased.lines, 0))).toMatchObject({
        ...{ ok: false, kind: 'returned_payload', first_bad_index: 2 },
        problem: 'the payload of record 2 is here, and record 3 says that its key was erased',
      });
    });

    test('a selection may lack the record that explains it, and says how many are not explained', async () => {
      const selected = [0, 1].map((i) => erased.proved[i]!);
      expect(await verifyExport(without(erased, selected, 0))).toMatchObject({
        ...{ ok: true, complete: false, payloads_missing: 1, payloads_unexplained: 1 },
      });
    });
  });

  test('a line without end is refused, not read into memory', async () => {
    async function* endless() {
      for (;;) yield 'x'.repeat(1024 * 1024);
    }
    expect(await verifyExport({ ...input(made), entries: endless() })).toMatchObject({ kind: 'malformed' });
  });
});

describe('G8: a selection, each record with its proof', () => {
  const made = makeExport(notes(20));
  const selected = [3, 7, 19].map((i) => made.proved[i]!);

  test('is checked, and not taken for the whole', async () => {
    expect(await verifyExport(input(made, selected))).toMatchObject({
      ok: true,
      complete: false,
      records: 3,
      size: 20,
    });
    expect(await verifyExport(input(made, made.proved))).toMatchObject({ ok: true, complete: false, records: 20 });
  });

  test.each<[string, string[], object]>([
    [
      'a changed entry',
      edit(selected, 1, (x) => x.replace('portreeve', 'b')),
      { kind: 'not_included', first_bad_index: 7 },
    ],
    [
      'a changed payload',
      edit(selected, 1, (x) => x.replace('number 7', 'b')),
      { kind: 'changed_payload', first_bad_index: 7 },
    ],
    ['another order', [...selected].reverse(), { kind: 'reordered', first_bad_index: 7 }],
    ['one twice', [selected[0]!, selected[0]!], { kind: 'reordered', first_bad_index: 3 }],
    ['a record without proof', [...selected, made.lines[4]!], { kind: 'malformed', first_bad_index: null }],
    [
      'a proof under another checkpoint',
      [...selected, makeExport(notes(30), made.key).proved[25]!],
      { kind: 'malformed' },
    ],
  ])('%s', async (_, lines, expected) => {
    expect(await verifyExport(input(made, lines))).toMatchObject({ ok: false, ...expected });
  });

  test('one proof is a receipt', async () => {
    const { entry, payload, proof } = JSON.parse(made.proved[7]!);
    const receipt = (p = proof, e = entry, keys = [made.key.vkey], load = payload) => verifyReceipt(p, e, keys, load);
    expect(await receipt()).toEqual({
      ok: true,
      kind: null,
      problem: null,
      index: 7,
      size: 20,
      origin: 'test.example/audit/main',
    });
    expect(await receipt(proof.replace('index 7', 'extra AAAA\nindex 7'))).toMatchObject({ ok: true });
    expect(await verifyReceipt(proof, entry, [made.key.vkey])).toMatchObject({ ok: true });
    expect(await receipt(proof, made.entries[8])).toMatchObject({ ok: false, kind: 'not_included', index: null });
    expect(await receipt(proof.replace('index 7', 'index 6'))).toMatchObject({ kind: 'not_included' });
    expect(await receipt(proof, entry, [noteKey().vkey])).toMatchObject({ kind: 'wrong_key' });
    expect(await receipt(proof.replace('\n20\n', '\n21\n'))).toMatchObject({ kind: 'bad_signature' });
    expect(await receipt(proof, entry, [made.key.vkey], { ...payload, nonce: '' })).toMatchObject({
      kind: 'changed_payload',
    });
    for (const bad of [
      '',
      'x',
      proof.replace('v1', 'v2'),
      proof.replace('index 7', 'index 07'),
      proof.replace('index 7', 'index 7\nAAAA'),
    ])
      expect(await receipt(bad)).toMatchObject({ ok: false, kind: 'malformed' });
  });
});

describe('F5: signed verdicts', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const statement = {
    v: 1,
    approval: 'appr_a',
    proposal: 'prop_a',
    proposal_digest: `sha256:${'0'.repeat(64)}`,
    decision: 'dec_a',
    verdict: 'approve',
    approver: 'prn_a',
    reason: 'checked \u20ac',
    signed_at: '2026-11-20T08:00:00Z',
    nonce: 'A'.repeat(22),
  };
  const signed = (body: object = statement) => ({
    statement: body as typeof statement,
    public_key: publicKey.export({ format: 'jwk' }).x!,
    signature: sign(null, verdictBytes(body as VerdictStatement), privateKey).toString('base64url'),
  });
  const account = (key: string): TestRecord => ({
    type: 'identity.account_created',
    data: { account: 'prn_a', signing_key: key },
  });
  const recorded = (verdict: unknown, refs: Record<string, string> = { approval: 'appr_a' }): TestRecord => ({
    type: 'approval.verdict',
    data: { verdict },
    refs,
  });
  const check = async (...records: TestRecord[]) => verifyExport(input(makeExport(records)));

  describe('F3: is compared with what was asked and shown', () => {
    const digest = (char: string) => `sha256:${char.repeat(64)}`;
    const preview = { digest: digest('7'), proposal: 'prop_dry', execution: 'exec_dry', missing: null };
    const dryRun: TestRecord = {
      ...{ type: 'execution.result', outcome: 'succeeded', data: { state: 'succeeded' } },
      refs: { proposal: 'prop_dry', execution: 'exec_dry' },
    };
    const asked = (more: object = { preview }): TestRecord => ({
      type: 'approval.requested',
      data: { proposal_digest: statement.proposal_digest, ...more },
      refs: { approval: 'appr_a', proposal: 'prop_a' },
    });
    const verdict = (more: object = { preview_digest: preview.digest }) => recorded(signed({ ...statement, ...more }));
    const bad = (problem: RegExp) => ({ ok: false, kind: 'bad_verdict', problem: expect.stringMatching(problem) });

    test('the same proposal, the same preview, the dry run on record', async () => {
      expect(await check(dryRun, asked(), verdict())).toMatchObject({ ok: true, verdicts: 1 });
      expect(await check(asked({}), verdict({}))).toMatchObject({ ok: true, verdicts: 1 });
      const missing = { preview: { ...preview, execution: null, missing: 'late' } };
      expect(await check(asked(missing), verdict())).toMatchObject({ ok: true });
    });

    test('tampering: another preview, none, or one where none was shown', async () => {
      const other = bad(/record 2 was signed for another preview than its approver was shown/);
      expect(await check(dryRun, asked(), verdict({ preview_digest: digest('8') }))).toMatchObject(other);
      expect(await check(dryRun, asked(), verdict({}))).toMatchObject(other);
      expect(await check(asked({}), verdict())).toMatchObject(bad(/another preview/));
    });

    test('tampering: another proposal than was asked', async () => {
      const changed = verdict({ preview_digest: preview.digest, proposal_digest: digest('9') });
      expect(await check(dryRun, asked(), changed)).toMatchObject(bad(/another proposal than was asked/));
    });

    test('tampering: a dry run that is not on record, that failed, or that is of another proposal', async () => {
      const none = bad(/a preview whose dry run is not on record/);
      expect(await check(asked(), verdict())).toMatchObject(none);
      expect(await check({ ...dryRun, outcome: 'failed' }, asked(), verdict())).toMatchObject(none);
      const elsewhere = { ...dryRun, refs: { proposal: 'prop_x', execution: 'exec_dry' } };
      expect(await check(elsewhere, asked(), verdict())).toMatchObject(none);
    });

    test('what a selection lacks is no fault', async () => {
      const made = makeExport([dryRun, asked(), verdict()]);
      expect(await verifyExport(input(made, made.proved.slice(1)))).toMatchObject({ ok: true, verdicts: 1 });
      expect(await verifyExport(input(made, made.proved.slice(2)))).toMatchObject({ ok: true, verdicts: 1 });
    });
  });

  test('what contract signs verifies; one change more does not', async () => {
    expect(await verifyVerdict(signed())).toBe(true);
    for (const member of Object.keys(statement))
      expect(await verifyVerdict({ ...signed(), statement: { ...statement, [member]: 'other' } })).toBe(false);
    expect(await verifyVerdict({ ...signed(), signature: 'A'.repeat(86) })).toBe(false);
    expect(await verifyVerdict({ ...signed(), public_key: 'A'.repeat(43) })).toBe(false);
    expect(await verifyVerdict({ ...signed(), public_key: '!' })).toBe(false);
    expect(canonicalJson(statement)).toContain('\u20ac');
  });

  test('are checked in the export, and counted by whether the log registers their key', async () => {
    const verdict = signed();
    expect(await check(account(verdict.public_key), recorded(verdict))).toMatchObject({
      ok: true,
      verdicts: 1,
      verdicts_by_registered_key: 1,
    });
    expect(await check(account('A'.repeat(43)), recorded(verdict))).toMatchObject({
      ok: true,
      verdicts: 1,
      verdicts_by_registered_key: 0,
    });
    const bad = { ok: false, kind: 'bad_verdict', first_bad_index: 1 };
    expect(
      await check(account('x'), recorded({ ...verdict, statement: { ...statement, verdict: 'deny' } })),
    ).toMatchObject(bad);
    expect(await check(account('x'), recorded(verdict, { approval: 'appr_b' }))).toMatchObject(bad);
    expect(await check(account('x'), recorded(verdict, { proposal: 'prop_b' }))).toMatchObject(bad);
    expect(await check(account('x'), recorded(null))).toMatchObject(bad);
  });
});
