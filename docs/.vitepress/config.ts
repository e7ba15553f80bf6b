import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const DOCS = fileURLToPath(new URL('..', import.meta.url));

/** The pages of a folder, named as their own headings say. */
function pagesOf(folder: string): { text: string; link: string }[] {
  return readdirSync(join(DOCS, folder))
    .filter((file) => file.endsWith('.md') && file !== 'README.md' && file !== 'index.md')
    .sort()
    .map((file) => {
      const [, text = file] = /^# (.+)$/m.exec(readFileSync(join(DOCS, folder, file), 'utf8')) ?? [];
      return { text, link: `/${folder}/${file.replace(/\.md$/, '')}` };
    });
}

export default defineConfig({
  title: 'Portreeve',
  description: 'Let Claude act where mistakes are expensive.',
  cleanUrls: true,
  lastUpdated: false,
  // Links within the site must hold: a dead one fails the build.
  ignoreDeadLinks: false,
  // Braces in our pages are braces of policies, patterns and templates, and nothing to evaluate.
  vue: { template: { compilerOptions: { delimiters: ['\u0002', '\u0003'] } } },
  markdown: {
    config(md) {
      // Files of the repository that are no page of the site are named, and not linked: the site stands by itself.
      const open = md.renderer.rules.link_open;
      md.core.ruler.push('files-outside', ({ tokens, env }) => {
        for (const token of tokens)
          for (const [index, child] of (token.children ?? []).entries()) {
            const href = child.type === 'link_open' ? child.attrGet('href') : null;
            if (!href || /^([a-z]+:|#|\/)/.test(href)) continue;
            const path = normalize(join(dirname(env.relativePath as string), href.replace(/#.*$/, '')));
            if (!path.startsWith('..')) continue;
            child.type = 'code_inline_open';
            child.tag = 'span';
            child.attrs = [['title', relative('..', path)]];
            const close = token.children!.slice(index).find(({ type }) => type === 'link_close');
            if (close) Object.assign(close, { type: 'code_inline_close', tag: 'span' });
          }
      });
      if (open) md.renderer.rules.link_open = open;
    },
  },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Concepts', link: '/concepts/way-of-a-task' },
      { text: 'How to', link: '/how-to/' },
      { text: 'Reference', link: '/reference/cli' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'What it is', link: '/' },
          { text: 'Quick start', link: '/quick-start' },
          { text: 'Limits, in plain words', link: '/limits' },
          { text: 'Comparison with others', link: '/comparison' },
          { text: 'Upgrading', link: '/upgrading' },
        ],
      },
      { text: 'Concepts', items: pagesOf('concepts') },
      { text: 'How to', items: [{ text: 'By who you are', link: '/how-to/' }, ...pagesOf('guides')] },
      { text: 'Reference', items: pagesOf('reference') },
      { text: 'Threat model', link: '/threat-model' },
      { text: 'Decisions', collapsed: true, items: pagesOf('decisions') },
    ],
  },
});
