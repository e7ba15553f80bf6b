import { UNSEEN } from '@portreeve/verify/log';
import type { ReactNode } from 'react';

/**
 * What nobody would see is shown by its code point, so that what stands in a record and what a person reads are the same.
 * Line feed and tab are left to the style.
 */
const SPLIT = new RegExp(`(${UNSEEN.source})`, 'gv');

/** Text that anybody may have written. React makes a text node of it: nothing in it is markup, a link or an order. */
export function Text({ children }: { readonly children: string | number | null | undefined }): ReactNode {
  const text = String(children ?? '');
  if (!UNSEEN.test(text.replaceAll(/[\n\t]/g, ''))) return text;
  return text.split(SPLIT).map((part, index) => {
    if (part === '\n' || part === '\t' || !UNSEEN.test(part) || part.length === 0) return part;
    const code = (part.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text have nothing else
      <mark className="unseen" key={index} title="A character that is not seen">
        U+{code}
      </mark>
    );
  });
}

/** An identifier: short to look at, whole for who hovers, copies or listens. */
export function Id({ children }: { readonly children: string | null | undefined }): ReactNode {
  if (!children) return <span className="soft">none</span>;
  const short = children.length > 22 ? `${children.slice(0, 10)}…${children.slice(-6)}` : children;
  return (
    <code title={children}>
      <Text>{short}</Text>
    </code>
  );
}

/** An identifier in full, as it stands in an address that anybody may have made. */
export function Whole({ children }: { readonly children: string }): ReactNode {
  return (
    <code className="breakable">
      <Text>{children}</Text>
    </code>
  );
}

export function Json({ value }: { readonly value: unknown }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <pre className="json" tabIndex={0}>
      <Text>{JSON.stringify(value, null, 2) ?? 'null'}</Text>
    </pre>
  );
}
