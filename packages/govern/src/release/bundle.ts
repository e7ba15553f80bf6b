import type { KeyObject } from 'node:crypto';
import { canonicalJson, type Digest, digestOf, digestOfText, digestSchema, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';
import { envelopeOf, type Signer, seal, signersOf } from './envelope.ts';
import {
  RELEASE_BYTES_MAX,
  RELEASE_FILES_MAX,
  type ReleaseFile,
  type ReleaseManifest,
  releaseId,
  releaseManifestSchema,
} from './manifest.ts';
import { type Sbom, sbomSchema } from './sbom.ts';

/** A release with everything in it. */
export interface Release {
  readonly id: Digest;
  readonly manifest: ReleaseManifest;
  /** The baseline policies of the Portreeve that it was made for, for whoever compares it without that version. */
  readonly baseline: readonly ReleaseFile[];
  readonly files: readonly ReleaseFile[];
  readonly sbom: Sbom | null;
}

export interface OpenedRelease extends Release {
  /** Ids of the given keys under which a signature holds. */
  readonly signed_by: readonly string[];
  /** Ids that signatures name, whether or not they are known here. */
  readonly signatures: readonly string[];
}

const FORMAT = 'portreeve-release/1';
/** Characters of a bundle: its files in base64, the list of components, the contracts. */
const BUNDLE_CHARS_MAX = RELEASE_BYTES_MAX * 2;

const statementSchema = z.strictObject({
  release: digestSchema,
  manifest: releaseManifestSchema,
  baseline: z.array(z.strictObject({ path: z.string().min(1).max(200), digest: digestSchema })).max(64),
  sbom: digestSchema.nullable(),
});

const bundleSchema = z.strictObject({
  format: z.literal(FORMAT),
  statement: envelopeOf('release'),
  sbom: sbomSchema.nullable(),
  /** Base64 by digest; equal files stand once. */
  files: z.record(digestSchema, z.base64()),
});

/** The bundle as a text: the same release and key give the same bytes (RFC 8785). */
export function writeBundle(release: Omit<Release, 'id'>, signer: Signer | null): string {
  const { manifest, baseline, files, sbom } = release;
  const statement = {
    release: releaseId(manifest),
    manifest,
    baseline: baseline.map(({ path, bytes }) => ({ path, digest: digestOfText(bytes) })),
    sbom: sbom && digestOf(sbom),
  };
  const contents = new Map([...baseline, ...files].map(({ bytes }) => [digestOfText(bytes), bytes]));
  return `${JSON.stringify({
    format: FORMAT,
    statement: seal('release', canonicalJson(statement), signer),
    sbom,
    files: Object.fromEntries(
      [...contents].sort(([a], [b]) => (a < b ? -1 : 1)).map(([digest, bytes]) => [digest, base64(bytes)]),
    ),
  })}\n`;
}

/**
 * Reads a bundle and checks that it is whole: every file has its digest, none is missing and none is too many, and the name
 * is the digest of the manifest. Throws `release_broken`, saying what is wrong. Whether it is signed by somebody who may, is
 * for the caller to ask of `signed_by`.
 */
export function readBundle(text: string, keys: ReadonlyMap<string, KeyObject> = new Map()): OpenedRelease {
  if (text.length > BUNDLE_CHARS_MAX) throw broken(`it is longer than ${BUNDLE_CHARS_MAX} characters`);
  const { statement: envelope, sbom, files: contents } = parsed(bundleSchema, text, 'a bundle');
  const payload = Buffer.from(envelope.payload, 'base64').toString('utf8');
  const statement = parsed(statementSchema, payload, 'the statement of a release');
  if (canonicalJson(statement) !== payload) throw broken('its statement is not in its canonical form');
  const { manifest, baseline } = statement;
  const id = releaseId(manifest);
  if (statement.release !== id) throw broken(`it is called ${statement.release} and is ${id}`);
  if ((sbom && digestOf(sbom)) !== statement.sbom)
    throw broken('its list of components is not the one that was signed');
  const wanted = [...manifest.files, ...baseline];
  const used = new Set(wanted.map(({ digest }) => digest));
  const extra = Object.keys(contents).find((digest) => !used.has(digest));
  if (extra !== undefined) throw broken(`it holds a file that nothing in it names (${extra})`);
  const bytesOf = ({ path, digest }: { readonly path: string; readonly digest: string }): ReleaseFile => {
    const encoded = Object.hasOwn(contents, digest) ? contents[digest] : undefined;
    if (encoded === undefined) throw broken(`the file ${path} is missing`);
    const bytes = Buffer.from(encoded, 'base64');
    if (digestOfText(bytes) !== digest) throw broken(`the file ${path} was changed`);
    return { path, bytes };
  };
  const files = manifest.files.map((file) => {
    const read = bytesOf(file);
    if (read.bytes.length !== file.bytes) throw broken(`the file ${file.path} has another length`);
    return read;
  });
  if (new Set(files.map(({ path }) => path)).size !== files.length) throw broken('two files have one path');
  if (files.length > RELEASE_FILES_MAX) throw broken(`it holds more than ${RELEASE_FILES_MAX} files`);
  return {
    ...{ id: id as Digest, manifest, files, sbom },
    baseline: baseline.map(bytesOf),
    signed_by: signersOf(envelope, keys),
    signatures: envelope.signatures.map(({ keyid }) => keyid),
  };
}

function parsed<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken(`it is not JSON, as ${what} is`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw broken(`it is not ${what}: ${issue?.path.join('.')} ${issue?.message}`);
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

function broken(why: string): PortreeveError {
  return new PortreeveError('release_broken', `This is no sound release: ${why}.`);
}
