import { createRedactor } from '@portreeve/audit';
import { type JsonObject, systemClock } from '@portreeve/contract';
import { baselinePolicies, createPolicyEngine, replayDecisions } from '@portreeve/policy';
import { actRequest } from '@portreeve/policy/testing';
import { expect, test } from 'vitest';

test('C7 G5: policy knows what the record has redacted, whatever kind it is', async () => {
  const engine = createPolicyEngine({ layers: baselinePolicies(), clock: systemClock });
  const redactor = createRedactor({ key: Buffer.alloc(32, 7) });
  const values: readonly JsonObject[] = [
    { note: 'write to ada@example.org' },
    { iban: 'DE89370400440532013000' },
    { card: 4111111111111111 },
    { password: 'correct horse' },
    { header: 'Authorization: Bearer abc.def-ghi' },
    { 'ada@example.org': 'a name of a member' },
  ];
  for (const args of values) {
    const request = actRequest({ args });
    const decision = engine.decide(request);
    const recorded = redactor.value(request as unknown as JsonObject);
    expect(recorded, JSON.stringify(args)).not.toEqual(request);
    async function* stream() {
      yield { request: recorded, decision };
    }
    expect(await replayDecisions(stream(), engine), JSON.stringify(args)).toMatchObject({ same: 1, cannot_judge: [] });
  }
});
