import { describe, expect, test } from 'vitest';
import { BadVerifierKey, openNote, parseCheckpoint } from './note.ts';
import { noteKey } from './testing/make-export.ts';

const SPEC_VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const SPEC_NOTE =
  'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
/** From the documentation of golang.org/x/mod/sumdb/note. */
const GO_VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

describe('G2: C2SP signed note', () => {
  test('opens the example of the specification, and that of the Go implementation', async () => {
    const opened = await openNote(SPEC_NOTE, [SPEC_VKEY]);
    expect(opened).toEqual({ ok: true, text: 'This is an example message.\n', signed_by: [SPEC_VKEY] });
    expect(await openNote(GO_NOTE, [SPEC_VKEY, GO_VKEY])).toMatchObject({ ok: true, signed_by: [GO_VKEY] });
  });

  test('one character more is another note', async () => {
    for (let at = 0; at < SPEC_NOTE.length; at++) {
      const changed = `${SPEC_NOTE.slice(0, at)}x${SPEC_NOTE.slice(at)}`;
      expect((await openNote(changed, [SPEC_VKEY])).ok, changed).toBe(false);
    }
  });

  test('unknown keys are passed over; a wrong signature of a given key spoils the note; one must be right', async () => {
    const [a, b, c] = [noteKey('a.example'), noteKey('b.example'), noteKey('a.example')];
    const line = (key: typeof a, text: string) => key.note(text).slice(text.length + 1);
    const note = a.note('text\n');
    const fault = async (text: string, keys: (typeof a)[]) => {
      const opened = await openNote(
        text,
        keys.map((key) => key.vkey),
      );
      return opened.ok ? opened.signed_by.length : opened.fault;
    };
    expect(await fault(note + line(b, 'text\n'), [a])).toBe(1);
    expect(await fault(note + line(b, 'text\n'), [a, b])).toBe(2);
    expect(await fault(note + line(b, 'other\n'), [a])).toBe(1);
    expect(await fault(note + line(b, 'other\n'), [a, b])).toBe('bad_signature');
    expect(await fault(note, [b])).toBe('wrong_key');
    expect(await fault(note, [c])).toBe('wrong_key');
    expect(await fault(note, [])).toBe('wrong_key');
    expect(await fault(note + line(b, 'text\n').repeat(16), [a])).toBe(1);
    for (const bad of [
      '',
      'text',
      'text\n',
      'text\n\n',
      `${note}x`,
      note.replace('\u2014', '-'),
      note.replace('text', 't\u0000xt'),
      note.repeat(100),
    ])
      expect(await fault(bad, [a]), bad).toBe(bad === note.repeat(100) ? 'bad_signature' : 'malformed');
  });

  test('a key for cosignatures is one; it has not signed this note', async () => {
    const remora = 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2';
    expect(await openNote(SPEC_NOTE, [remora])).toEqual({ ok: false, fault: 'wrong_key' });
  });

  test.each([
    '',
    'a+b',
    'example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'example.com/fo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    'example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==',
  ])('not a verifier key: %s', async (vkey) => {
    await expect(openNote(SPEC_NOTE, [vkey])).rejects.toThrow(BadVerifierKey);
  });

  test('a checkpoint has an origin, a size, a root, and extension lines that are not empty', () => {
    const text = 'acme.example/audit\n7\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n';
    expect(parseCheckpoint(text)).toEqual({ origin: 'acme.example/audit', size: 7, root: new Uint8Array(32).fill(1) });
    expect(parseCheckpoint(`${text}extension\n`)?.size).toBe(7);
    const bad = [
      '',
      '\n7\nAQ==\n',
      text.slice(0, -1),
      text.replace('7', '07'),
      text.replace('7', '9'.repeat(16)),
      `${text}\nx\n`,
    ];
    for (const other of [...bad, text.replace('AQEB', 'AQE')]) expect(parseCheckpoint(other), other).toBeNull();
  });
});
