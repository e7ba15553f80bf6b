import { parseColour } from '../colour.ts';
import type { BlockKind } from '../document.ts';
import type { Declarations } from './declarations.ts';
import type { Hidden } from './hiding.ts';
import type { Element } from './tree.ts';

/** Elements whose content no browser shows, with what they are. */
export const NEVER_SHOWN: Readonly<Record<string, string>> = {
  template: 'a template',
  noscript: 'content for browsers without scripts',
  noframes: 'content for browsers without frames',
  noembed: 'content for browsers without plug-ins',
  datalist: 'suggestions of a form',
  iframe: 'content in place of a frame',
  object: 'content in place of an object',
  video: 'content in place of a film',
  audio: 'content in place of a sound',
  canvas: 'content in place of a drawing',
  desc: 'a description inside a drawing',
  metadata: 'metadata inside a drawing',
  annotation: 'an annotation inside a formula',
  'annotation-xml': 'an annotation inside a formula',
};

export const BLOCKS: Readonly<Record<string, BlockKind>> = {
  h1: 'heading',
  h2: 'heading',
  h3: 'heading',
  h4: 'heading',
  h5: 'heading',
  h6: 'heading',
  li: 'list_item',
  dt: 'list_item',
  dd: 'list_item',
  td: 'table_cell',
  th: 'table_cell',
  pre: 'code',
  textarea: 'code',
};
export const BREAKS = new Set(
  'p div section article aside header footer main nav body html table tr ul ol dl blockquote form fieldset figure figcaption hr center details summary dialog address option caption legend'.split(
    ' ',
  ),
);
/** Attributes whose text a person does not read on the page. */
export const TEXT_ATTRIBUTES = [
  'alt',
  'title',
  'aria-label',
  'aria-description',
  'aria-roledescription',
  'aria-placeholder',
  'aria-valuetext',
  'placeholder',
  'summary',
  'label',
  'srcdoc',
  'content',
  'value',
  'abbr',
  'standby',
];

/** Attributes and states by which an element says itself that it is not shown. */
export function hiddenByAttribute({ name, attributes }: Element, style: Declarations): Hidden | null {
  const has = (key: string) => Object.hasOwn(attributes, key);
  const hidden = (detail: string): Hidden => ({ kind: 'hidden_attribute', detail });
  if (has('hidden') && !/^(?!none)./.test(style.get('display')?.value ?? '')) return hidden('hidden');
  if (attributes['aria-hidden']?.trim().toLowerCase() === 'true') return hidden('aria-hidden');
  if (has('popover')) return hidden('popover');
  if (name === 'dialog' && !has('open')) return hidden('a dialogue that is not open');
  if (name === 'input' && attributes.type?.toLowerCase() === 'hidden') return hidden('a hidden field');
  return null;
}

/** The attributes of old HTML that set colours. */
export function presentationOf({ name, attributes }: Element): Declarations {
  const hints = new Map<string, { value: string; important: boolean }>();
  const set = (property: string, value: string | undefined): void => {
    const colour = value === undefined ? null : parseColour(value);
    if (colour) hints.set(property, { value: `rgba(${colour.join(',')})`, important: false });
  };
  set('background-color', attributes.bgcolor);
  if (name === 'font') set('color', attributes.color);
  if (name === 'body') set('color', attributes.text);
  if (name === 'text' || name === 'tspan') set('color', attributes.fill);
  if (attributes.background) hints.set('background-image', { value: 'url(x)', important: false });
  return hints;
}
