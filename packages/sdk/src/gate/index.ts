export { createGate, type Gate, type GateCall, type GateOptions, type Verdict } from './gate.ts';
export { GateBlocked, type NameOf, nameIn } from './names.ts';
