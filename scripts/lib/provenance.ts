import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';

const sha256 = z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** An in-toto statement v1 with SLSA provenance v1 as its predicate: what was built, of what, by whom. */
export const provenanceSchema = z.strictObject({
  _type: z.literal('https://in-toto.io/Statement/v1'),
  subject: z.array(z.strictObject({ name: z.string().min(1), digest: sha256 })).min(1),
  predicateType: z.literal('https://slsa.dev/provenance/v1'),
  predicate: z.strictObject({
    buildDefinition: z.strictObject({
      buildType: z.literal('urn:portreeve:build:npm-run-release:v1'),
      externalParameters: z.strictObject({ version: z.string() }),
      internalParameters: z.strictObject({ node: z.string(), platform: z.string() }),
      resolvedDependencies: z.array(
        z.strictObject({
          name: z.string(),
          digest: z.union([z.strictObject({ gitCommit: z.string().regex(/^[0-9a-f]{40,64}$/) }), sha256]),
        }),
      ),
    }),
    runDetails: z.strictObject({
      builder: z.strictObject({ id: z.url() }),
      metadata: z.strictObject({ invocationId: z.uuid(), startedOn: z.iso.datetime(), finishedOn: z.iso.datetime() }),
    }),
  }),
});
export type Provenance = z.infer<typeof provenanceSchema>;

export interface BuildFacts {
  readonly version: string;
  /** The commit that was built, with nothing changed; null where something was. */
  readonly commit: string | null;
  readonly lockFile: string;
  /** Who built, as a URI that the verifier knows. */
  readonly builder: string;
  readonly invocation: string;
  readonly started: Date;
  readonly finished: Date;
  /** The files that go out. */
  readonly files: readonly string[];
}

/** States where files come from. The lock file names every dependency with its digest, so its own digest binds them all. */
export async function provenanceOf(facts: BuildFacts): Promise<Provenance> {
  const subject = await Promise.all(
    facts.files.map(async (file) => ({ name: basename(file), digest: { sha256: await sha256Of(file) } })),
  );
  return provenanceSchema.parse({
    _type: 'https://in-toto.io/Statement/v1',
    subject: subject.sort((a, b) => (a.name < b.name ? -1 : 1)),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:portreeve:build:npm-run-release:v1',
        externalParameters: { version: facts.version },
        internalParameters: { node: process.version, platform: `${process.platform}-${process.arch}` },
        resolvedDependencies: [
          ...(facts.commit === null ? [] : [{ name: 'source', digest: { gitCommit: facts.commit } }]),
          { name: basename(facts.lockFile), digest: { sha256: await sha256Of(facts.lockFile) } },
        ],
      },
      runDetails: {
        builder: { id: facts.builder },
        metadata: {
          invocationId: facts.invocation,
          startedOn: facts.started.toISOString(),
          finishedOn: facts.finished.toISOString(),
        },
      },
    },
  });
}

export async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
