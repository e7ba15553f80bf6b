import { MappedText } from '../../text-map.ts';
import { type Collector, charPart } from '../collector.ts';
import { isUnreadable } from '../colour.ts';
import type { Hidden } from '../html/hiding.ts';
import { backgroundAt, type PageContent, type Painted, type Shown } from './page-text.ts';
import { type Box, shareInside } from './paint.ts';

/** Points: smaller text is not read on paper either. */
const TINY_POINTS = 2;

/** Adds the text of one page that a reader sees, and notes the rest with why. Offsets count all text of the page. */
export function addPage(content: PageContent, page: Box, name: string, collector: Collector): void {
  const part = charPart(name);
  const covers = content.painted.filter(({ solid }) => solid);
  const unclear = new Set<string>();
  const note = (what: string): void => {
    if (!unclear.has(what)) collector.find('style_not_judged', 'low', part, 0, 0, what);
    unclear.add(what);
  };
  if (content.masked) note('a soft mask lies over parts of the page: what it hides cannot be judged');
  let block = new MappedText();
  let last: Shown | null = null;
  let taken: { hidden: Hidden; text: string; start: number; end: number } | null = null;
  const flush = (): void => {
    if (taken && taken.text.trim() !== '')
      collector.find(taken.hidden.kind, 'low', part, taken.start, taken.end, taken.hidden.detail, taken.text);
    taken = null;
  };
  const endBlock = (): void => {
    if (block.text.trim() !== '') collector.add('paragraph', part, block);
    block = new MappedText();
  };
  let offset = 0;
  for (const shown of content.shown) {
    const start = offset;
    offset += shown.text.length;
    const hidden = whyHidden(shown, page, content.painted, covers, note);
    if (hidden) {
      if (taken?.hidden.detail !== hidden.detail) flush();
      taken ??= { hidden, text: '', start, end: offset };
      if (taken.text.length < 20_000) taken.text += `${taken.text === '' ? '' : ' '}${shown.text}`;
      taken.end = offset;
      continue;
    }
    if (shown.text.trim() !== '') flush();
    const joint = last === null ? '' : jointOf(last, shown);
    if (joint === 'block') endBlock();
    else if (joint !== '') block.push(joint, start, start, false);
    block.push(shown.text, start, offset, true);
    last = shown;
  }
  flush();
  endBlock();
}

/** What stands between two pieces of text: nothing, a space, a new line, or a new block. */
function jointOf(last: Shown, next: Shown): '' | ' ' | '\n' | 'block' {
  const size = Math.max(last.size, next.size, 1);
  const down = Math.abs(last.from[1] - next.from[1]);
  const along = next.from[0] - last.to[0];
  if (down < size * 0.4 && along > -size) {
    if (along > size * 4) return 'block';
    return along > size * 0.15 && !last.text.endsWith(' ') && !next.text.startsWith(' ') ? ' ' : '';
  }
  const alike = Math.abs(last.size - next.size) < size * 0.2;
  return alike && down < size * 1.8 && down > size * 0.4 ? '\n' : 'block';
}

function whyHidden(
  shown: Shown,
  page: Box,
  painted: readonly Painted[],
  covers: readonly Painted[],
  note: (what: string) => void,
): Hidden | null {
  if (shown.layerOff) return { kind: 'hidden_layer', detail: 'text in a layer that is switched off' };
  if (shown.mode === 3 || shown.mode === 7)
    return { kind: 'invisible_text', detail: 'text that is written and not painted (rendering mode 3 or 7)' };
  if (shown.size < TINY_POINTS) return { kind: 'tiny_text', detail: 'text smaller than two points' };
  if (shareInside(shown.box, page) < 0.5) return { kind: 'off_screen', detail: 'text outside the page' };
  if (shareInside(shown.box, shown.clip) < 0.1)
    return { kind: 'clipped_text', detail: 'text outside the area that is painted' };
  if (covers.some((cover) => cover.order > shown.order && shareInside(shown.box, cover.box) > 0.9))
    return { kind: 'covered_text', detail: 'text under an image or a filled area' };
  if (shown.patterned) return null;
  const under = backgroundAt(painted, shown.box, shown.order);
  if (!isUnreadable(shown.colour, under.colour)) return null;
  if (under.certain || shown.colour[3] < 0.1)
    return { kind: 'same_colour', detail: 'text of the colour of what lies under it' };
  note('text over an image or a shape, in a colour that the page itself would hide');
  return null;
}
