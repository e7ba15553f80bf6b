import type { Change, Json, PreviewView } from '@portreeve/contract';
import { printable, style, wrap } from '../output.ts';

/**
 * What the action would do, as a dry run saw it (requirement F3): whole, whatever its size, or in words why it is not
 * there. Nothing where the tool offers none.
 */
export function renderPreview(view: PreviewView | null, out: string[]): void {
  if (view === null) return;
  const { shown, changes, fields, age_s, digest } = view;
  const seen = `${ageOf(age_s)} ago (${printable(shown.made_at)})`;
  out.push('');
  if (shown.state === 'missing') {
    out.push(style('bold', `What it would do is not known: there is no preview (${printable(shown.why)}, ${seen}).`));
    out.push(`  ${wrap(printable(shown.text), 2)}`);
  } else {
    const by = `${printable(shown.tool)} ${printable(shown.tool_version)}`;
    out.push(style('bold', `What it would do, as ${by} saw it ${seen}:`));
    out.push(
      `  ${wrap(`This is what the system downstream says (${printable(shown.label.integrity).toUpperCase()}). It is not looked at again before the action.`, 2)}`,
    );
    if (changes?.length === 0) out.push('  It would change nothing.');
    for (const change of changes ?? []) out.push(renderChange(change));
    for (const { name, declared, value } of fields) {
      out.push(
        `  ${printable(name)}: ${wrap(text(value), 4)}${declared ? '' : '   (its contract does not declare this)'}`,
      );
    }
  }
  out.push(`  ${style('dim', `preview ${printable(digest)}: your signature names it`)}`);
}

/** One difference, as one line. */
export function renderChange(change: Change): string {
  const path = printable(change.path === '' ? '(all of it)' : change.path);
  switch (change.kind) {
    case 'added':
      return `  ${style('green', '+')} ${path}: ${wrap(text(change.after), 6)}`;
    case 'removed':
      return `  ${style('red', '-')} ${path}: ${wrap(text(change.before), 6)}`;
    case 'changed': {
      const was = change.was_at === undefined ? '' : ` (was at ${printable(change.was_at)})`;
      return `  ${style('yellow', '~')} ${path}${was}: ${wrap(`${text(change.before)} → ${text(change.after)}`, 6)}`;
    }
  }
}

/** As JSON, so that a number and the same digits as text do not look alike. */
const text = (value: Json): string => printable(JSON.stringify(value));

function ageOf(seconds: number): string {
  if (seconds < 120) return `${seconds} seconds`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)} minutes`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} hours`;
  return `${Math.floor(seconds / 86_400)} days`;
}
