import type { NoteSigner } from '@portreeve/audit';
import { openNote } from '@portreeve/audit';
import { canonicalJson, digestSchema, idSchema, type Json, PortreeveError } from '@portreeve/contract';
import { z } from 'zod';

/** The first line of a manifest: a signature over it can be taken for nothing else, and least for a checkpoint. */
const FORMAT = 'portreeve-backup/v1';
export const MANIFEST = 'manifest';

const fileSchema = z.strictObject({
  /** From the archive's folder. */
  path: z.string().regex(/^(tables|files)\/[A-Za-z0-9_.-]{1,120}$/),
  sha256: digestSchema,
  bytes: z.int().min(0),
});
const tableSchema = z.strictObject({
  /** `schema.name` */
  name: z.string().regex(/^[a-z0-9_]{1,63}\.[a-z0-9_]{1,63}$/),
  columns: z.array(z.string().regex(/^[a-z0-9_]{1,63}$/)).min(1),
  rows: z.int().min(0),
  file: fileSchema,
});

const manifestSchema = z.strictObject({
  backup: idSchema('backup'),
  archive: z.enum(['log', 'keys']),
  made_at: z.iso.datetime(),
  /** Of Portreeve. */
  version: z.string(),
  /** The origin of the main log, by whose name and key this is signed. */
  origin: z.string(),
  /**
   * Each log by its origin, the main one first: how many records are under its tree, the root (RFC 6962, base64), the newest
   * checkpoint that is stored, and the first record that is there: those before were detached.
   */
  trees: z
    .array(
      z.strictObject({
        log: z.string(),
        ...{ size: z.int().min(0), root: z.string(), checkpoint: z.string(), first: z.int().min(0) },
      }),
    )
    .min(1),
  schema: z.strictObject({
    migrations: z.array(z.strictObject({ number: z.int(), name: z.string(), checksum: z.string() })).min(1),
    /** Of the durable engine. */
    engine: z.int().nullable(),
  }),
  tables: z.array(tableSchema),
  files: z.array(fileSchema),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestTree = Manifest['trees'][number];
export type ManifestTable = Manifest['tables'][number];
export type ManifestFile = z.infer<typeof fileSchema>;

/** A C2SP signed note of two lines: the format, and the manifest as RFC 8785 text. */
export function signManifest(manifest: Manifest, signer: NoteSigner): string {
  return signer.sign(`${FORMAT}\n${canonicalJson(manifest as unknown as Json)}\n`);
}

/** Throws `log_broken` unless the key of the log signed it. */
export function openManifest(note: string, vkey: string, where: string): Manifest {
  const opened = openNote(note, [vkey]);
  if ('fault' in opened) {
    const what = {
      malformed: 'is no signed manifest',
      wrong_key: 'was signed by another key',
      bad_signature: 'was changed: its signature is wrong',
    };
    throw unusable(`${where} ${what[opened.fault]}.`);
  }
  const [format, text = '', ...rest] = opened.text.split('\n');
  if (format !== FORMAT || rest.join('') !== '') throw unusable(`${where} is not of the form ${FORMAT}.`);
  const parsed = manifestSchema.safeParse(JSON.parse(text));
  if (!parsed.success) throw unusable(`${where} is not of the form ${FORMAT}.`);
  return parsed.data;
}

export function unusable(detail: string): PortreeveError {
  return new PortreeveError('log_broken', detail, {
    next: 'Nothing was restored. Take another backup, or the archive as it was made.',
  });
}
