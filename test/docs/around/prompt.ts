import { definePrompt } from '@portreeve/sdk';
import { z } from 'zod';

const around = { id: 'around', version: '1.0', step: 'generate', inputs: [], text: 'Answer.' } as const;

export default definePrompt({
  ...{ ...around, inputs: [], output: z.strictObject({}) },
  // the block: members
});
