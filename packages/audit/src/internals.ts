// For the bench alone, which measures the steps by themselves.
export { stageRecord } from './entry.ts';
export { seal } from './keys/sealed.ts';
export { payloadBinding } from './keys/sealer.ts';
export { createRedactor } from './redact/redactor.ts';
export { Sequencer } from './sequencer.ts';
