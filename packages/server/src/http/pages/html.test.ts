import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Html, html, shown } from './html.ts';

describe('F3: a text from outside is text', () => {
  test('it cannot end an element or an attribute', () => {
    const bad = `"'><script>alert(1)</script>&amp;`;
    expect(html`<p title="${bad}">${bad}</p>`.markup).toBe(
      '<p title="&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;">&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;</p>',
    );
    expect(html`<p title="${'a\u202eb'}">`.markup).toBe('<p title="a\\u{202e}b">');
    expect(html`${[html`<b>${'<'}</b>`, new Html('<i>')]}${3}`.markup).toBe('<b>&lt;</b><i>3');
  });

  test.each([
    ['\u001b[31mred', '<b class="esc">\\u{1b}</b>[31mred'],
    ['a\u202eb', 'a<b class="esc">\\u{202e}</b>b'],
    ['\u2066x\u2069', '<b class="esc">\\u{2066}</b>x<b class="esc">\\u{2069}</b>'],
    ['zero\u200bwidth', 'zero<b class="esc">\\u{200b}</b>width'],
    ['soft\u00adhyphen', 'soft<b class="esc">\\u{ad}</b>hyphen'],
    ['no\u00a0break', 'no<b class="esc">\\u{a0}</b>break'],
    ['tag\u{e0041}', 'tag<b class="esc">\\u{e0041}</b>'],
    ['hangul\u3164filler', 'hangul<b class="esc">\\u{3164}</b>filler'],
    ['line\nfeed\r\t', 'line<b class="esc">\\n</b>\nfeed<b class="esc">\\r</b><b class="esc">\\t</b>'],
    ['half\ud800', 'half<b class="esc">\\u{d800}</b>'],
    ['Zürich 東京 🦉', 'Zürich 東京 🦉'],
  ])('%j: what nobody would see stands as an escape', (text, markup) => {
    expect(shown(text).markup).toBe(markup);
  });

  const seed = Number(process.env.HTML_SEED ?? Math.floor(Math.random() * 2 ** 31));
  test(`whatever it is, no markup of it stays, and nothing of it is lost (HTML_SEED=${seed})`, () => {
    const unit = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('<', '>', '&', '"', "'", '\u202e', '<script>'),
    );
    fc.assert(
      fc.property(fc.array(unit), (parts) => {
        const text = parts.join('');
        const { markup } = shown(text);
        const bare = markup.replaceAll(/<b class="esc">\\(u\{[0-9a-f]+\}|[nrt])<\/b>/g, '');
        expect(bare).not.toMatch(/[<>"']/);
        expect(markup.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
      { seed, numRuns: 500 },
    );
  });
});
