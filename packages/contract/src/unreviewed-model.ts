import { z } from 'zod';

/**
 * What becomes of a workflow while a model answers by a version that none of its owners has agreed to (requirement H2).
 * `record`, where left out: the change stands open, people are told, and nothing is promoted that was not tested since.
 * `suspend`: the workflow is frozen as well, until the change is approved and a person lets it run again.
 */
export const unreviewedModelSchema = z.enum(['record', 'suspend']);
