export type {
  ActOutcome,
  Arguments,
  Evidence,
  Json,
  JsonObject,
  Labelled,
  Principal,
  ProjectConfigInput,
  Reading,
  SourceContract,
  ToolContract,
  WorkflowContext,
  WorkflowContract,
  WorkflowDefinition,
} from '@portreeve/contract';
export { declassifyValue, endorseValue, mcpDefinitionDigest, PortreeveError } from '@portreeve/contract';
export { at } from './at.ts';
export type { Schema } from './check.ts';
export { type DefinedPrompt, definePrompt, type PromptSpec } from './define-prompt.ts';
export { defineSource, type SourceSpec } from './define-source.ts';
export { defineTool, type ToolSpec } from './define-tool.ts';
export { defineWorkflow, type WorkflowSpec } from './define-workflow.ts';
export { defineToolFromOpenApi, type OpenApiToolSpec } from './openapi/define-tool-from-openapi.ts';
export type { Argument, ArgumentsOf, DefinedSource, DefinedTool, TypedContext } from './typed-context.ts';
