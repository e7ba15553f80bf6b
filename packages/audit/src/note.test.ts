import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkpointText, parseCheckpoint } from './checkpoint-text.ts';
import { createNoteSigner, openNote } from './note.ts';

const SPEC_VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const SPEC_NOTE =
  'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';

/** The signing key of the examples in golang.org/x/mod/sumdb/note: Ed25519 signs the same bytes the same way. */
const PETER_KEY = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const PETER_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

describe('C2SP signed note', () => {
  test('G2: opens the example of the specification', () => {
    expect(openNote(SPEC_NOTE, [SPEC_VKEY])).toMatchObject({ text: 'This is an example message.\n' });
    expect(openNote(SPEC_NOTE.replace('message', 'massage'), [SPEC_VKEY])).toEqual({ fault: 'bad_signature' });
  });

  test('G2: signs as golang.org/x/mod/sumdb/note does', () => {
    const seed = Buffer.from(PETER_KEY, 'base64').subarray(1);
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    const signer = createNoteSigner({ name: 'PeterNeumann', privateKey });
    expect(signer.vkey).toBe('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
    expect(signer.sign(PETER_NOTE.slice(0, PETER_NOTE.lastIndexOf('\n\n') + 1))).toBe(PETER_NOTE);
  });

  test('unknown keys are passed over; a wrong signature of a known key spoils the note; at least one must be right', () => {
    const make = (name: string) => createNoteSigner({ name, privateKey: generateKeyPairSync('ed25519').privateKey });
    const [a, b] = [make('a.example'), make('b.example')];
    const signedByA = a.sign('text\n');
    const lineOfB = b.sign('text\n').split('\n\n')[1]!;
    const wrongLineOfB = b.sign('another\n').split('\n\n')[1]!;
    expect(openNote(signedByA + lineOfB, [a.vkey])).toMatchObject({ text: 'text\n' });
    expect(openNote(signedByA + lineOfB, [a.vkey, b.vkey])).toMatchObject({ text: 'text\n' });
    expect(openNote(signedByA + wrongLineOfB, [a.vkey])).toMatchObject({ text: 'text\n' });
    expect(openNote(signedByA + wrongLineOfB, [a.vkey, b.vkey])).toEqual({ fault: 'bad_signature' });
    expect(openNote(signedByA, [b.vkey])).toEqual({ fault: 'wrong_key' });
    expect(openNote(signedByA, [make('a.example').vkey])).toEqual({ fault: 'wrong_key' });
    for (const broken of ['', 'text\n', 'text\n\n', 'text\n\n- a.example AAAA\n', signedByA.slice(0, -1)])
      expect(openNote(broken, [a.vkey])).toEqual({ fault: 'malformed' });
    expect(() => openNote(signedByA, ['a.example+00000000+AAAA'])).toThrow(TypeError);
  });

  test('refuses names and texts that a note cannot hold, and keys that are not Ed25519', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    for (const name of ['', 'a b', 'a+b', 'a\u00a0b', 'a\nb'])
      expect(() => createNoteSigner({ name, privateKey })).toThrow(TypeError);
    expect(() => createNoteSigner({ name: 'a', privateKey: publicKey })).toThrow(TypeError);
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => createNoteSigner({ name: 'a', privateKey: ec.privateKey })).toThrow(TypeError);
    const signer = createNoteSigner({ name: 'a', privateKey });
    for (const text of ['no newline', 'tab\t\n', '\ud800\n']) expect(() => signer.sign(text)).toThrow(TypeError);
  });

  test('G2: a checkpoint is three lines', () => {
    const checkpoint = { origin: 'acme.example/audit', size: 7, root: Buffer.alloc(32, 1) };
    const text = 'acme.example/audit\n7\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n';
    expect(checkpointText(checkpoint)).toBe(text);
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    for (const bad of [
      '',
      'a\n7\n',
      text.replace('7', '07'),
      text.replace('7', '-7'),
      text.replace('AQ', 'A'),
      text.slice(0, -1),
    ])
      expect(parseCheckpoint(bad)).toBeNull();
  });
});
