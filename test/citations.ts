import ts from 'typescript';
import { lineOf, parse } from './imports.ts';
import { isTestFile, isTestingFolder, type SourceText } from './repository.ts';

export interface Citation {
  readonly id: string;
  readonly where: string;
}

const PREFIX = /^((?:[A-J]|INV)\d{1,3}(?:,? (?:[A-J]|INV)\d{1,3})*): ./;

/** The ids that a test's name begins with: `F9: …`, `F6 F9: …`, `INV6, F9: …`. */
export function citedIds(name: string): string[] {
  return PREFIX.exec(name)?.[1]?.split(/,? /) ?? [];
}

/**
 * Every citation by a test that runs. Skipped and pending tests cite nothing. A contract suite (tests inside an exported
 * function of a testing folder) counts only if some test file calls that function.
 */
export function citations(files: readonly SourceText[]): Citation[] {
  const called = new Set<string>();
  for (const file of files.filter((candidate) => isTestFile(candidate.path)))
    for (const name of calledNames(file)) called.add(name);

  return files
    .filter((file) => isTestFile(file.path) || isTestingFolder(file.path))
    .flatMap((file) => citationsOf(file, isTestFile(file.path) ? null : called));
}

function citationsOf(file: SourceText, calledSuites: ReadonlySet<string> | null): Citation[] {
  const source = parse(file);
  const found: Citation[] = [];
  const visit = (node: ts.Node, suite: string | null): void => {
    const inside =
      suite ?? (ts.isFunctionDeclaration(node) && node.parent === source ? (node.name?.text ?? null) : null);
    if (ts.isCallExpression(node)) {
      const kind = testKind(node.expression);
      if (kind === 'skipped') return;
      if (kind === 'runs' && (calledSuites === null || (inside !== null && calledSuites.has(inside))))
        for (const name of namesOf(node))
          for (const id of citedIds(name)) found.push({ id, where: `${file.path}:${lineOf(source, node)}` });
    }
    ts.forEachChild(node, (child) => visit(child, inside));
  };
  visit(source, null);
  return found;
}

/** Whether a call is `test(…)`, `describe.each(…)(…)` and the like, and whether it runs. */
function testKind(callee: ts.Expression): 'runs' | 'skipped' | null {
  const words: string[] = [];
  let node = callee;
  while (true) {
    if (ts.isPropertyAccessExpression(node)) {
      words.push(node.name.text);
      node = node.expression;
    } else if (ts.isCallExpression(node)) node = node.expression;
    else if (ts.isTaggedTemplateExpression(node)) node = node.tag;
    else break;
  }
  if (!ts.isIdentifier(node) || !['test', 'it', 'describe'].includes(node.text)) return null;
  // A test that is expected to fail proves the gap, not the requirement.
  return words.some((word) => ['skip', 'todo', 'fails'].includes(word)) ? 'skipped' : 'runs';
}

/** The name of a test; where `each` fills it by `%s`, the names that its literal table gives. */
function namesOf(call: ts.CallExpression): string[] {
  const name = beginningOf(call.arguments[0]);
  if (name === null) return [];
  if (!name.startsWith('%s')) return [name];
  const table = ts.isCallExpression(call.expression) ? call.expression.arguments[0] : undefined;
  if (!table || !ts.isArrayLiteralExpression(table)) return [];
  return table.elements.flatMap((element) => {
    const first = ts.isArrayLiteralExpression(element) ? element.elements[0] : element;
    const value = beginningOf(first);
    return value === null ? [] : [value + name.slice('%s'.length)];
  });
}

/** The text of a literal, or its beginning up to what is computed. */
function beginningOf(node: ts.Node | undefined): string | null {
  if (node === undefined) return null;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return `${node.head.text}\u2026`;
  if (ts.isBinaryExpression(node)) return beginningOf(node.left);
  return null;
}

function calledNames(file: SourceText): string[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) names.push(node.expression.text);
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return names;
}
