import { readFileSync } from 'node:fs';
import { type Digest, digestOfText } from '@portreeve/contract';

/**
 * The system layer (requirement D1): authority, limits, data boundary, refusal, escalation, off-pattern input.
 * INVARIANT: it is this one file. No workflow, prompt, input or evidence has a way into it, because nothing is ever
 * put into it.
 */
export const SYSTEM_LAYER: string = readFileSync(new URL('./system-layer.txt', import.meta.url), 'utf8');

/** The same for an agent, whose wishes are judged one by one. It only ever follows the other. */
export const AGENT_LAYER: string = SYSTEM_LAYER + readFileSync(new URL('./agent-layer.txt', import.meta.url), 'utf8');

export const AGENT_DIGEST: Digest = digestOfText(AGENT_LAYER);

export const SYSTEM_DIGEST: Digest = digestOfText(SYSTEM_LAYER);
