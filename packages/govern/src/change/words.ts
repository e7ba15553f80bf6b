import {
  type ChangePiece,
  type Json,
  jsonDiff,
  modelRouteSchema,
  type SurfaceArea,
  sourceContractSchema,
  toolContractSchema,
} from '@portreeve/contract';
import { z } from 'zod';
import { said } from '../release/diff/change.ts';
import { modelChanges, sourceChanges, toolChanges } from '../release/diff/contracts.ts';
import { fileChanges } from '../release/diff/texts.ts';
import { PROJECT_POLICIES } from '../release/manifest.ts';

/** Rule files as a part of the surface: the path below `policies/`, and the text. */
const rulesSchema = z.array(z.strictObject({ path: z.string(), text: z.string() }));

type Words = (before: Json, after: Json) => readonly ChangePiece[];

/** By the first word of a part: how it is told what is otherwise. */
const WORDS: Readonly<Record<string, Words>> = {
  policy: (before, after) =>
    // What rules decide is not worked out at a start, so that any change of them counts as looser.
    fileChanges({ files: filesOf(before) }, { files: filesOf(after) }).map((each) => ({ ...each, loosens: true })),
  identity: (before, after) =>
    jsonDiff(before ?? {}, after).map((change) => ({
      ...{ area: 'identity rights', text: said(change), loosens: change.kind !== 'removed', lines: [] },
    })),
  model: (before, after) =>
    modelChanges({ models: one(before, modelRouteSchema) }, { models: one(after, modelRouteSchema) }),
  source: (before, after) =>
    sourceChanges({ sources: one(before, sourceContractSchema) }, { sources: one(after, sourceContractSchema) }),
  tool: (before, after) =>
    toolChanges({ tools: one(before, toolContractSchema) }, { tools: one(after, toolContractSchema) }),
};

const AREAS: Readonly<Record<string, SurfaceArea>> = {
  policy: 'policies',
  identity: 'identity rights',
  model: 'models',
  source: 'sources',
  tool: 'tools',
};

/** What is otherwise of one part of the surface, in words; null stands for what was not there. */
export function surfaceWords(part: string, before: Json, after: Json): readonly ChangePiece[] {
  const kind = part.split('.')[0]!;
  const words = WORDS[kind];
  if (!words) throw new TypeError(`nothing is said of ${part}`);
  try {
    return words(before, after);
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    // Agreed to under an earlier version, whose form is another: a server must be able to start all the same.
    const text = `${part} is otherwise, and was agreed to in a form that this version does not read`;
    return [{ area: AREAS[kind]!, text, loosens: true, lines: [] }];
  }
}

const one = <T>(body: Json, schema: z.ZodType<T>): T[] => (body === null ? [] : [schema.parse(body)]);

const filesOf = (body: Json) =>
  rulesSchema
    .parse(body ?? [])
    .map(({ path, text }) => ({ path: `${PROJECT_POLICIES}${path}`, bytes: Buffer.from(text) }));
