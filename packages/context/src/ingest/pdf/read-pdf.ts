import { getDocumentProxy, getResolvedPDFJS } from 'unpdf';
import { type Collector, charPart } from '../collector.ts';
import { Refused } from '../limits.ts';
import { checkStreams } from './check-streams.ts';
import { readOperators } from './page-text.ts';
import type { Box } from './paint.ts';
import { addPage } from './visible-text.ts';

const ANNOTATIONS_MAX = 200;
const IMAGE_PIXELS_MAX = 4_000_000;
const KIND_RGBA = 3;

type Pdf = Awaited<ReturnType<typeof getDocumentProxy>>;
type Page = Awaited<ReturnType<Pdf['getPage']>>;

/**
 * Reads a PDF (ISO 32000-2) page by page, as it is seen: text is judged by where and how it is painted, and by what is
 * painted over it. Annotations and form fields are taken out, whether they are shown or not. What a font makes its letters
 * look like is not judged.
 */
export async function readPdf(bytes: Uint8Array, prefix: string, collector: Collector): Promise<void> {
  checkStreams(bytes, collector);
  const pdf = await open(bytes);
  try {
    const whole = charPart(prefix === '' ? '' : prefix.slice(0, -1));
    const { OPS } = await getResolvedPDFJS();
    const ops = Object.fromEntries(
      Object.entries(OPS as Record<string, number>).map(([name, number]) => [number, name]),
    );
    const layers = await pdf.getOptionalContentConfig();
    for (let number = 1; number <= pdf.numPages; number++) {
      if (number > collector.limits.parts_max || !collector.room(whole, 0)) {
        collector.truncated = true;
        collector.find('truncated', 'high', whole, 0, 0, `pages from ${number} on were left out`);
        break;
      }
      const name = `${prefix}page/${number}`;
      const page = await pdf.getPage(number);
      // 0: without annotations, which are looked at by themselves.
      const operators = await page.getOperatorList({ annotationMode: 0 });
      const box = page.view as unknown as Box;
      const content = readOperators(
        operators,
        ops,
        box,
        (layer) => layers.isVisible(layer),
        (image) => isOpaque(page, image),
      );
      addPage(content, box, name, collector);
      await readAnnotations(page, name, collector);
      page.cleanup();
    }
    await readRest(pdf, whole.name, collector);
  } finally {
    await pdf.loadingTask.destroy();
  }
}

async function open(bytes: Uint8Array): Promise<Pdf> {
  try {
    // A copy, and no Buffer: the reader takes over the bytes that it is given.
    return await getDocumentProxy(new Uint8Array(bytes), {
      disableFontFace: true,
      useSystemFonts: false,
      enableXfa: false,
      maxImageSize: IMAGE_PIXELS_MAX,
      verbosity: 0,
    });
  } catch (error) {
    const { name } = error as Error;
    if (name === 'PasswordException') throw new Refused('encrypted', 'the PDF needs a password');
    throw new Refused('malformed', 'this is no PDF that can be read');
  }
}

/** An image with an alpha channel covers what is under it if nearly all of it is opaque. Without one it covers. */
function isOpaque(page: Page, image: unknown): boolean {
  const found = typeof image === 'string' ? (page.objs.has(image) ? page.objs.get(image) : null) : image;
  const { kind, data } = (found ?? {}) as { kind?: number; data?: Uint8ClampedArray };
  if (kind !== KIND_RGBA || !data) return true;
  const step = Math.max(4, Math.floor(data.length / 4 / 1000) * 4);
  let opaque = 0;
  let looked = 0;
  for (let at = 3; at < data.length; at += step) {
    looked++;
    if (data[at]! > 200) opaque++;
  }
  return opaque > looked * 0.95;
}

interface Annotation {
  readonly subtype?: string;
  readonly contentsObj?: { readonly str?: string };
  readonly titleObj?: { readonly str?: string };
  readonly fieldName?: string;
  readonly fieldValue?: unknown;
  readonly alternativeText?: string;
  readonly actions?: unknown;
  readonly unsafeUrl?: string;
}

async function readAnnotations(page: Page, name: string, collector: Collector): Promise<void> {
  const part = charPart(name);
  const annotations = (await page.getAnnotations()) as Annotation[];
  for (const each of annotations.slice(0, ANNOTATIONS_MAX)) {
    const values = Array.isArray(each.fieldValue) ? each.fieldValue.join(' ') : each.fieldValue;
    const field = [typeof values === 'string' ? values : '', each.alternativeText ?? '']
      .filter((text) => text.trim() !== '')
      .join(' ');
    const text = [each.titleObj?.str, each.contentsObj?.str].filter((each) => each?.trim()).join(': ');
    if (each.fieldName !== undefined && field !== '')
      collector.find('form_field', 'info', part, 0, 0, `a field of a form (${each.fieldName.slice(0, 60)})`, field);
    if (text !== '')
      collector.find('annotation', 'low', part, 0, 0, `an annotation (${each.subtype ?? 'of no kind'})`, text);
    if (each.actions) collector.find('active_content', 'low', part, 0, 0, 'a script in an annotation');
  }
  if (annotations.length > ANNOTATIONS_MAX)
    collector.find(
      'truncated',
      'low',
      part,
      0,
      0,
      `${annotations.length - ANNOTATIONS_MAX} annotations were not looked at`,
    );
}

async function readRest(pdf: Pdf, name: string, collector: Collector): Promise<void> {
  const part = charPart(name);
  const { info } = await pdf.getMetadata();
  for (const [key, value] of Object.entries(info as Record<string, unknown>))
    if (['Title', 'Author', 'Subject', 'Keywords'].includes(key) && typeof value === 'string' && value.trim() !== '')
      collector.find('metadata_text', 'info', part, 0, 0, `a property of the document (${key})`, value);
  const attachments = (await pdf.getAttachments()) as ReadonlyMap<string, unknown> | null;
  for (const file of [...(attachments?.keys() ?? [])].slice(0, 20))
    collector.find('embedded_file', 'low', part, 0, 0, 'an embedded file, which was not read', file);
  if (await pdf.getJSActions()) collector.find('active_content', 'high', part, 0, 0, 'a script');
}
