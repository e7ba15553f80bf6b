import type { Reason } from './decision.ts';

/**
 * The paragraphs of a workflow's page of acceptable use (requirement A5), in order. Each is an anchor that stays: refusals
 * point there, and what points there is kept for years.
 */
export const ACCEPTABLE_USE_ANCHORS = [
  'purpose',
  'approved',
  'prohibited',
  'scope',
  'actions',
  'data',
  'decisions',
  'exceptions',
  'report',
] as const;
export type AcceptableUseAnchor = (typeof ACCEPTABLE_USE_ANCHORS)[number];

/** Which paragraph answers for a reason code; the first that matches. */
const BY_CODE: readonly (readonly [code: RegExp, anchor: AcceptableUseAnchor])[] = [
  [/^out_of_scope$/, 'scope'],
  [/^boundary_/, 'data'],
  [/^(not_cleared|needs_deidentification)$/, 'data'],
  [/^(frozen|incident|maintenance|outage|not_ready)/, 'report'],
];

/** Where no code says more: what each layer is about. */
const BY_LAYER: Readonly<Record<Reason['layer'], AcceptableUseAnchor>> = {
  identity: 'prohibited',
  data: 'decisions',
  action: 'actions',
  environment: 'report',
};

/** The paragraph that a refusal points to: that of its first reason. */
export function acceptableUseAnchor(reasons: readonly Pick<Reason, 'layer' | 'code'>[]): AcceptableUseAnchor {
  const [first] = reasons;
  if (!first) return 'prohibited';
  return BY_CODE.find(([code]) => code.test(first.code))?.[1] ?? BY_LAYER[first.layer];
}

/** The page of the console, at a paragraph. */
export function acceptableUseLink(workflow: string, reasons: readonly Pick<Reason, 'layer' | 'code'>[]): string {
  return `/workflows/${encodeURIComponent(workflow)}#${acceptableUseAnchor(reasons)}`;
}
