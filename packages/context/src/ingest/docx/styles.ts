import type { Collector } from '../collector.ts';
import { mergeStyles, type RunStyle, takeProperty } from './run-style.ts';
import { readXml } from './xml.ts';

const CHAIN_MAX = 20;

export interface Styles {
  /** What a paragraph or character style gives its text, with the styles it is based on. */
  of(id: string | undefined): RunStyle;
  readonly defaults: RunStyle;
}

/** Reads `word/styles.xml` for the properties that can hide text. */
export function readStyles(bytes: Uint8Array | null, collector: Collector): Styles {
  const own = new Map<string, { style: RunStyle; basedOn: string | undefined }>();
  const defaults: RunStyle = {};
  let current: { style: RunStyle; basedOn: string | undefined } | null = null;
  let inDefaults = false;
  if (bytes)
    readXml(bytes, 'word/styles.xml', collector, {
      open(name, attributes) {
        if (name === 'w:rPrDefault') inDefaults = true;
        else if (name === 'w:style') {
          current = { style: {}, basedOn: undefined };
          if (attributes.styleId) own.set(attributes.styleId, current);
        } else if (name === 'w:basedOn' && current) current.basedOn = attributes.val;
        else if (inDefaults) takeProperty(defaults, name, attributes);
        else if (current) takeProperty(current.style, name, attributes);
      },
      close(name) {
        if (name === 'w:rPrDefault') inDefaults = false;
        if (name === 'w:style') current = null;
      },
      text: () => undefined,
    });
  return {
    defaults,
    of(id) {
      const chain: RunStyle[] = [];
      for (let next = id; next !== undefined && chain.length < CHAIN_MAX; next = own.get(next)?.basedOn) {
        const found = own.get(next);
        if (!found) break;
        chain.push(found.style);
      }
      return mergeStyles(...chain);
    },
  };
}
