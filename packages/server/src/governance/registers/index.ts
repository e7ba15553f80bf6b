import { aiSystems } from './ai-systems.ts';
import { dataFlows } from './data-flows.ts';
import { exceptions } from './exceptions.ts';
import { identities } from './identities.ts';
import { incidents } from './incidents.ts';
import type { Register, RegisterName } from './register.ts';

export const REGISTERS: Readonly<Record<RegisterName, Register>> = {
  'ai-systems': aiSystems,
  identities,
  'data-flows': dataFlows,
  exceptions,
  incidents,
};
