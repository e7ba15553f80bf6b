import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { provenanceSchema, sha256Of } from '../../scripts/lib/provenance.ts';
import { ROOT } from '../repository.ts';

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** What does not hold of a folder that `npm run release` made, for somebody who has its files and the public key. */
export async function releaseFaults(folder: string, key: KeyObject): Promise<string[]> {
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  const faults: string[] = [];
  const envelope = JSON.parse(read('provenance.dsse.json'));
  const payload = Buffer.from(envelope.payload, 'base64');
  // DSSE's pre-authentication encoding, by hand: another verifier does the same.
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  const signature = Buffer.from(envelope.signatures[0].sig, 'base64');
  if (!verify(null, Buffer.concat([Buffer.from(head), payload]), createPublicKey(key), signature))
    faults.push('the signature does not hold');

  const { subject, predicate } = provenanceSchema.parse(JSON.parse(payload.toString('utf8')));
  for (const { name, digest } of subject)
    if ((await sha256Of(join(folder, name))) !== digest.sha256) faults.push(`${name} is not what was signed`);
  const signed = [...subject.map(({ name }) => name), 'provenance.dsse.json', 'SHA256SUMS'].sort();
  if (readdirSync(folder).sort().join() !== signed.join()) faults.push('it holds more or less than was signed');
  const lock = predicate.buildDefinition.resolvedDependencies.find(({ name }) => name === 'package-lock.json');
  if (JSON.stringify(lock?.digest) !== JSON.stringify({ sha256: await sha256Of(join(ROOT, 'package-lock.json')) }))
    faults.push('it was built by another lock file');

  for (const line of read('SHA256SUMS').trim().split('\n')) {
    const [sum, name = ''] = line.split('  ');
    if ((await sha256Of(join(folder, name))) !== sum) faults.push(`${name} has another sum`);
  }
  return faults;
}
