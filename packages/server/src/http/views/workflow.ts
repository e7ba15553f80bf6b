import {
  ACCEPTABLE_USE_ANCHORS,
  ACTION_TIERS,
  CATEGORIES,
  CONFIDENTIALITY,
  clearanceSchema,
  EFFECTS,
  INTEGRITY,
  jsonObjectSchema,
  workflowContractSchema,
} from '@portreeve/contract';
import { acceptableUsePage } from '@portreeve/govern';
import { z } from 'zod';
import type { ProjectWorkflow } from '../../config/project.ts';

const sinkSchema = z.object({ path: z.string(), kind: z.string() });

/** A tool as everybody may know it: what it does and may do, and not where it is. */
const toolAnswer = z.object({
  name: z.string(),
  version: z.string(),
  title: z.string(),
  description: z.string(),
  tier: z.literal([...ACTION_TIERS]),
  effect: z.enum(EFFECTS),
  args: jsonObjectSchema,
  sinks: z.array(sinkSchema),
  clearance: clearanceSchema,
  reversible: z.boolean(),
  dry_run: z.boolean(),
  connector: z.string(),
});

const sourceAnswer = z.object({
  name: z.string(),
  version: z.string(),
  title: z.string(),
  integrity: z.enum(INTEGRITY),
  confidentiality: z.enum(CONFIDENTIALITY),
  categories: z.array(z.enum(CATEGORIES)),
  fields: z.array(z.string()),
  kind: z.string(),
});

/** Without the tests of who approves: everybody who is signed in may ask for it. */
export const workflowAnswer = z
  .object(workflowContractSchema.shape)
  .omit({ planted: true })
  .extend({
    release: z.string(),
    acceptable_use: z.string().nullable().describe('`ACCEPTABLE_USE.md` of the workflow, as it was loaded'),
    acceptable_use_page: z
      .array(z.object({ anchor: z.enum(ACCEPTABLE_USE_ANCHORS), title: z.string(), lines: z.array(z.string()) }))
      .describe('The page for users; a refusal links to one of the anchors'),
    tools: z.array(toolAnswer),
    sources: z.array(sourceAnswer),
  });

export function workflowView({
  definition: { contract, tools, sources },
  release,
  acceptable_use,
}: ProjectWorkflow): z.input<typeof workflowAnswer> {
  const { planted: _tests, ...told } = contract;
  return {
    ...told,
    release,
    acceptable_use,
    acceptable_use_page: acceptableUsePage({ contract, tools, sources, acceptable_use }).map((section) => ({
      ...section,
      lines: [...section.lines],
    })),
    tools: tools.map((tool) => ({
      ...{ name: tool.name, version: tool.version, title: tool.title, description: tool.description },
      ...{ tier: tool.tier, effect: tool.effect, args: tool.args, sinks: [...tool.sinks], clearance: tool.clearance },
      reversible: tool.undo !== 'irreversible',
      dry_run: tool.dry_run !== undefined,
      connector: tool.binding.connector,
    })),
    sources: sources.map((source) => ({
      ...{ name: source.name, version: source.version, title: source.title },
      ...{ integrity: source.integrity, confidentiality: source.confidentiality, categories: [...source.categories] },
      fields: source.fields.map((field) => field.name),
      kind: source.binding.kind,
    })),
  };
}
