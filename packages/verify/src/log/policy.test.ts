import { describe, expect, test } from 'vitest';
import { verifyExport, verifyReceipt } from './index.ts';
import { openNote } from './note.ts';
import { BadPolicy, openTrusted, parsePolicy } from './policy.ts';
import { cosigner } from './testing/cosign.ts';
import { makeExport, noteKey, notes } from './testing/make-export.ts';

const made = makeExport(notes(3));
const log = made.key.vkey;
const [x1, x2, x3, y1, y2] = [
  ...['x1', 'x2', 'x3'].map((name) => cosigner(`${name}.example`)),
  ...['y1', 'y2'].map((name) => cosigner(`${name}.example`, 'ed25519')),
] as const;
const witnesses = { X1: x1!, X2: x2!, X3: x3!, Y1: y1!, Y2: y2! };
const lines = Object.entries(witnesses).map(([name, { vkey }]) => `witness ${name} ${vkey}`);
const TEXT = `# two organizations
log ${log} https://log.example/
${lines.join('\n')}

\tgroup X-witnesses 2 X1 X2 X3
group Y-witnesses any Y1 Y2
group X-and-Y  all X-witnesses Y-witnesses
quorum X-and-Y
`;
const cosigned = (...names: (keyof typeof witnesses)[]) =>
  made.checkpoint + names.map((name) => witnesses[name].line(made.checkpoint)).join('');

describe('G2: C2SP tlog-policy', () => {
  const policy = parsePolicy(TEXT);

  test.each([
    [['X1', 'X2', 'Y1'], true],
    [['X1', 'X3', 'Y2'], true],
    [['X1', 'X2', 'X3', 'Y1', 'Y2'], true],
    [['X1', 'Y1', 'Y2'], false],
    [['X1', 'X2', 'X3'], false],
    [[], false],
  ] as const)('the example of the specification: %j', async (names, ok) => {
    const opened = await openTrusted(cosigned(...names), policy);
    expect(opened).toMatchObject(
      ok ? { ok, signed_by: [log, ...names.map((name) => witnesses[name].vkey)] } : { ok, fault: 'no_quorum' },
    );
  });

  test('a cosignature that does not verify spoils the checkpoint; unknown ones are passed over', async () => {
    const other = noteKey();
    const elsewhere = makeExport(notes(4)).checkpoint;
    const all = cosigned('X1', 'X2', 'Y1');
    expect(await openTrusted(all + x3!.line(elsewhere), policy)).toMatchObject({ fault: 'bad_signature' });
    expect(await openTrusted(all + y2!.line(elsewhere), policy)).toMatchObject({ fault: 'bad_signature' });
    expect(await openTrusted(all + cosigner('z.example').line(elsewhere), policy)).toMatchObject({ ok: true });
    const strange = other.note(made.checkpoint.slice(0, made.checkpoint.lastIndexOf('\n\n') + 1));
    const signed = Object.values(witnesses).map((each) => each.line(strange));
    expect(await openTrusted(strange + signed.join(''), policy)).toMatchObject({ fault: 'wrong_key' });
    // The same signature twice is one witness.
    expect(await openTrusted(cosigned('X1', 'X1', 'Y1'), policy)).toMatchObject({ fault: 'no_quorum' });
  });

  test('an export and a receipt are held to it', async () => {
    const input = { entries: made.lines.join('\n'), vkey: made.vkey, policy };
    expect(await verifyExport({ ...input, checkpoint: made.checkpoint })).toMatchObject({
      ok: false,
      kind: 'no_quorum',
    });
    const checkpoint = cosigned('X1', 'X2', 'Y1');
    expect(await verifyExport({ ...input, checkpoint })).toMatchObject({
      ...{ ok: true, key: log, key_expected: true, cosigned_by: [x1!.vkey, x2!.vkey, y1!.vkey] },
    });
    const proof = (JSON.parse(made.proved[1]!) as { proof: string }).proof;
    expect(await verifyReceipt(proof, made.entries[1]!, policy)).toMatchObject({ ok: false, kind: 'no_quorum' });
    const better = proof.replace(made.checkpoint, checkpoint);
    expect(await verifyReceipt(better, made.entries[1]!, policy)).toMatchObject({ ok: true, index: 1 });
  });

  test.each([
    ['', 'it names no quorum'],
    ['quorum none\nquorum none\n', 'line 2: a second quorum'],
    ['quorum Z\n', 'line 1: "Z" is not defined above'],
    [`group G any A\nwitness A ${x1!.vkey}\nquorum G\n`, 'line 1: "A" is not defined above'],
    [`witness A ${x1!.vkey}\nwitness A ${x2!.vkey}\nquorum A\n`, 'line 2: a name'],
    [`witness A ${x1!.vkey}\nwitness B ${x1!.vkey}\nquorum A\n`, 'line 2: this key stands in the policy already'],
    [`witness none ${x1!.vkey}\nquorum none\n`, 'line 1: a name'],
    [`witness A ${log}\nquorum A\n`, 'line 1: a key of this kind'],
    [`witness A ${x1!.vkey}\ngroup G 2 A\nquorum G\n`, 'line 2: a group'],
    [`witness A ${x1!.vkey}\ngroup G 0 A\nquorum G\n`, 'line 2: a group'],
    [`witness A ${x1!.vkey}\ngroup G any A\ngroup H any A\nquorum H\n`, 'line 3: "A" is a member already'],
    [`witness A ${x1!.vkey}\ngroup G all\nquorum G\n`, 'line 2: a group'],
    ['log nonsense\nquorum none\n', 'line 1: not a verifier key'],
    ['logs\nquorum none\n', 'line 1: not a line of a policy'],
    ['quorum none\r\n', 'line 1: a control character'],
  ])('refuses %j', (text, why) => {
    expect(() => parsePolicy(text)).toThrow(BadPolicy);
    expect(() => parsePolicy(text)).toThrow(why);
  });

  test('quorum none asks for the log alone', async () => {
    expect(await openTrusted(made.checkpoint, parsePolicy(`log ${log}\nquorum none\n`))).toMatchObject({ ok: true });
  });
});

test('G2: both kinds of cosignature verify, and not with another time', async () => {
  for (const kind of ['ed25519', 'ml-dsa-44'] as const) {
    const w = cosigner('w.example', kind);
    expect(await openNote(made.checkpoint + w.line(made.checkpoint), [w.vkey])).toMatchObject({ ok: true });
    const blob = Buffer.from(w.line(made.checkpoint).split(' ')[2]!, 'base64');
    blob[11]! ^= 1;
    const later = `${made.checkpoint}\u2014 w.example ${blob.toString('base64')}\n`;
    expect(await openNote(later, [w.vkey])).toEqual({ ok: false, fault: 'bad_signature' });
  }
});
