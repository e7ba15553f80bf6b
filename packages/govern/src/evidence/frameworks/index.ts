import type { Framework } from '@portreeve/contract';
import { csaMaestro } from './csa-maestro.ts';
import { euAiAct } from './eu-ai-act.ts';
import type { FrameworkMap } from './framework.ts';
import { iso42001 } from './iso-42001.ts';
import { nist80053 } from './nist-800-53.ts';
import { nistAiRmf } from './nist-ai-rmf.ts';
import { owaspAgentic } from './owasp-agentic.ts';
import { owaspLlm } from './owasp-llm.ts';
import { soc2 } from './soc-2.ts';

/** Which facts answer which control. To add one: a row in its file, with edition and source. */
export const FRAMEWORK_MAPS: Readonly<Record<Framework, FrameworkMap>> = {
  'owasp-agentic': owaspAgentic,
  'owasp-llm': owaspLlm,
  'nist-ai-rmf': nistAiRmf,
  'csa-maestro': csaMaestro,
  'nist-800-53': nist80053,
  'iso-42001': iso42001,
  'soc-2': soc2,
  'eu-ai-act': euAiAct,
};
