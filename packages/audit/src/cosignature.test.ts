import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkpointText } from './checkpoint-text.ts';
import { createCosigner } from './cosignature.ts';
import { createNoteSigner, openNote } from './note.ts';
import { parseVkey } from './vkey.ts';

const TEXT = checkpointText({ origin: 'example.com/behind-the-sofa', size: 20852163, root: Buffer.alloc(32, 7) });
const AT = new Date('2023-03-20T12:25:47.900Z');
const log = createNoteSigner({
  name: 'example.com/behind-the-sofa',
  privateKey: generateKeyPairSync('ed25519').privateKey,
});
const signed = log.sign(TEXT);

describe('C2SP tlog-cosignature', () => {
  test('G2: ML-DSA-44: the blob and the signed bytes are those of the specification, field by field', () => {
    const { privateKey } = generateKeyPairSync('ml-dsa-44');
    const { vkey, cosign } = createCosigner({ name: 'witness.example/w1', privateKey });
    const blob = Buffer.from(cosign(TEXT, AT).split(' ')[2]!, 'base64');
    expect(blob.length).toBe(4 + 8 + 2420);
    expect(blob.readBigUInt64BE(4)).toBe(1679315147n);
    const message = Buffer.concat([
      Buffer.from('737562747265652f76310a00', 'hex'),
      Buffer.of(18),
      Buffer.from('witness.example/w1'),
      Buffer.from('00000000641850cb', 'hex'),
      Buffer.of(27),
      Buffer.from('example.com/behind-the-sofa'),
      Buffer.from('0000000000000000', 'hex'),
      Buffer.from('00000000013e2dc3', 'hex'),
      Buffer.alloc(32, 7),
    ]);
    expect(verify(null, message, createPublicKey(privateKey), blob.subarray(12))).toBe(true);
    const typed = Buffer.from(vkey.split('+').slice(2).join('+'), 'base64');
    expect([typed.length, typed[0]]).toEqual([1313, 6]);
    expect(openNote(signed + cosign(TEXT, AT), [vkey])).toEqual({ text: TEXT, signed_by: [vkey] });
  });

  test('G2: Ed25519: the signed bytes are two lines and the whole body', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { vkey, cosign } = createCosigner({ name: 'witness.example/w1', privateKey });
    const blob = Buffer.from(cosign(TEXT, AT).split(' ')[2]!, 'base64');
    const message = Buffer.from(`cosignature/v1\ntime 1679315147\n${TEXT}`);
    expect(verify(null, message, createPublicKey(privateKey), blob.subarray(12))).toBe(true);
    expect(openNote(signed + cosign(TEXT, AT), [log.vkey, vkey])).toEqual({ text: TEXT, signed_by: [log.vkey, vkey] });
  });

  test.each(['ed25519', 'ml-dsa-44'] as const)('%s: another text, time, name or key does not verify', (kind) => {
    const { privateKey } = generateKeyPairSync(kind as 'ed25519');
    const cosigner = createCosigner({ name: 'w1', privateKey });
    const line = cosigner.cosign(TEXT, AT);
    const blob = Buffer.from(line.split(' ')[2]!, 'base64');
    const lineOf = (bytes: Buffer) => `\u2014 w1 ${bytes.toString('base64')}\n`;
    const fault = (note: string) => openNote(note, [cosigner.vkey]);
    expect(fault(log.sign(TEXT.replace('20852163', '20852164')) + line)).toEqual({ fault: 'bad_signature' });
    const later = Buffer.from(blob);
    later[11]! ^= 1;
    expect(fault(signed + lineOf(later))).toEqual({ fault: 'bad_signature' });
    for (const short of [5, 11, 12, 40])
      expect(fault(signed + lineOf(blob.subarray(0, short)))).toEqual({ fault: 'bad_signature' });
    expect(fault(signed + line.replace('w1', 'w2'))).toEqual({ fault: 'wrong_key' });
    const renamed = createCosigner({ name: 'w2', privateKey });
    expect(openNote(signed + line, [renamed.vkey])).toEqual({ fault: 'wrong_key' });
    expect(() => cosigner.cosign('no checkpoint\n', AT)).toThrow(TypeError);
  });

  test('keys of other kinds and broken verifier keys are refused', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => createCosigner({ name: 'w1', privateKey })).toThrow(TypeError);
    const { vkey } = createCosigner({ name: 'w1', privateKey: generateKeyPairSync('ml-dsa-44').privateKey });
    expect(parseVkey(vkey).name).toBe('w1');
    for (const bad of ['', 'w1', vkey.replace('w1', 'w2'), vkey.slice(0, -8), log.vkey.slice(0, -4), `${vkey} `])
      expect(() => parseVkey(bad)).toThrow(TypeError);
  });
});
