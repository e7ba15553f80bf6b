import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

/** The part of kustomize that our files use, closed: what is misspelt, or was not thought of here, fails. */
const patchSchema = z.strictObject({
  target: z.strictObject({ kind: z.string(), name: z.string() }),
  patch: z.string(),
});
const common = {
  namespace: z.literal('portreeve').optional(),
  resources: z.array(z.string()).default([]),
  components: z.array(z.string()).default([]),
  images: z
    .array(z.strictObject({ name: z.string(), newName: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) }))
    .default([]),
  patches: z.array(patchSchema).default([]),
};
const kustomizationSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...{ apiVersion: z.literal('kustomize.config.k8s.io/v1beta1'), kind: z.literal('Kustomization') },
    ...common,
  }),
  z.strictObject({
    ...{ apiVersion: z.literal('kustomize.config.k8s.io/v1alpha1'), kind: z.literal('Component') },
    ...common,
  }),
]);
const changeSchema = z.strictObject({
  op: z.enum(['add', 'replace', 'remove']),
  path: z.string().startsWith('/'),
  value: z.string().optional(),
});
const deletionSchema = z.strictObject({
  $patch: z.literal('delete'),
  ...{ apiVersion: z.string(), kind: z.string(), metadata: z.strictObject({ name: z.string() }) },
});

export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; namespace?: string };
}

export const kustomizationOf = (folder: string) =>
  kustomizationSchema.parse(parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')));

/**
 * What a folder comes to, as `kubectl kustomize` has it. Stricter in one thing: a patch that meets nothing is an error, where
 * kustomize passes it over without a word.
 */
export function render(folder: string, before: readonly Rendered[] = []): Rendered[] {
  const { namespace, resources, components, images, patches } = kustomizationOf(folder);
  let documents = [...before, ...resources.flatMap((each) => resourceOf(join(folder, each)))];
  for (const component of components) documents = render(join(folder, component), documents);
  for (const patch of patches) documents = patched(documents, patch);
  for (const document of documents) {
    if (namespace !== undefined && document.kind !== 'Namespace') document.metadata.namespace = namespace;
    for (const container of containersOf(document)) {
      const image = images.find(({ name }) => name === container.image);
      if (image) container.image = `${image.newName}@${image.digest}`;
    }
  }
  return documents;
}

const resourceOf = (path: string): Rendered[] =>
  statSync(path).isDirectory()
    ? render(path)
    : parseAllDocuments(readFileSync(path, 'utf8'), { merge: true }).map((each) => each.toJS());

/** The documents with what one patch changes. Throws where it meets none of them, or no such place. */
export function patched(documents: readonly Rendered[], { target, patch }: z.infer<typeof patchSchema>): Rendered[] {
  const met = documents.find(({ kind, metadata }) => kind === target.kind && metadata.name === target.name);
  if (!met) throw new Error(`a patch meets no ${target.kind} ${target.name}`);
  const parsed = parse(patch);
  if (!Array.isArray(parsed)) {
    const { kind, metadata } = deletionSchema.parse(parsed);
    if (kind !== target.kind || metadata.name !== target.name)
      throw new Error(`a patch of ${target.name} is not for it`);
    return documents.filter((each) => each !== met);
  }
  const changed = structuredClone(met);
  for (const { op, path, value } of z.array(changeSchema).parse(parsed)) {
    const steps = path
      .slice(1)
      .split('/')
      .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = steps.pop() ?? '';
    const place = steps.reduce<Place | undefined>((at, step) => at?.[step] as Place | undefined, changed as never);
    if (!place || (op !== 'add' && !Object.hasOwn(place, last)))
      throw new Error(`a patch of ${target.name} meets no ${path}`);
    if (op === 'remove') delete place[last];
    else place[last] = value;
  }
  return documents.map((each) => (each === met ? changed : each));
}

type Place = Record<string, unknown>;

interface Container {
  image: string;
}

function containersOf(document: Rendered): Container[] {
  const { spec } = document as { spec?: { template?: { spec?: Record<string, Container[] | undefined> } } };
  const pod = spec?.template?.spec;
  return [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
}
