import ts from 'typescript';
import type { SourceText } from './repository.ts';

export interface Import {
  /** `null` where it is computed and so cannot be known from the text. */
  readonly specifier: string | null;
  /** `static` is loaded with the file; `lazy` when it runs; `type` never. */
  readonly kind: 'static' | 'lazy' | 'type';
  /** The names that are taken; `*` for all of them. */
  readonly names: readonly string[];
  readonly line: number;
}

/** Every way in which a file names another module: see the cases of `layers.test.ts`. */
export function importsOf(file: SourceText): Import[] {
  const source = parse(file);
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, kind: Import['kind'], names: readonly string[]): void => {
    const text = specifier && ts.isStringLiteralLike(specifier) ? specifier.text : null;
    found.push({ specifier: text, kind, names, line: lineOf(source, node) });
  };

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const { names, typeOnly } = importedNames(node.importClause);
      add(node, node.moduleSpecifier, typeOnly ? 'type' : 'static', names);
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      const names =
        node.exportClause && ts.isNamedExports(node.exportClause)
          ? node.exportClause.elements.map((element) => (element.propertyName ?? element.name).text)
          : ['*'];
      add(node, node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static', names);
    } else if (ts.isImportEqualsDeclaration(node) && ts.isExternalModuleReference(node.moduleReference)) {
      add(node, node.moduleReference.expression, node.isTypeOnly ? 'type' : 'static', ['*']);
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, 'type', ['*']);
    } else if (ts.isModuleDeclaration(node) && ts.isStringLiteral(node.name)) {
      add(node, node.name, 'type', ['*']);
    } else if (ts.isCallExpression(node) && loadsModule(node.expression)) {
      add(node, node.arguments[0], 'lazy', ['*']);
    } else if (ts.isNewExpression(node) && isModuleUrl(node)) {
      add(node, node.arguments?.[0], 'lazy', ['*']);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const reference of [...source.typeReferenceDirectives, ...source.referencedFiles])
    found.push({
      specifier: reference.fileName,
      kind: 'type',
      names: ['*'],
      line: source.getLineAndCharacterOfPosition(reference.pos).line + 1,
    });
  return found;
}

/** The lines on which the global `fetch` is used; a `fetch` that the file declares or imports itself is another one. */
export function globalFetchLines(file: SourceText): number[] {
  const source = parse(file);
  const lines: number[] = [];
  let declared = false;
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === 'fetch') {
      const parent = node.parent;
      if (isDeclarationName(parent, node)) declared = true;
      else if (isFreeName(parent, node)) lines.push(lineOf(source, node));
    }
    if (
      ts.isPropertyAccessExpression(node) &&
      node.name.text === 'fetch' &&
      ts.isIdentifier(node.expression) &&
      ['globalThis', 'global', 'window', 'self'].includes(node.expression.text)
    )
      lines.push(-lineOf(source, node));
    ts.forEachChild(node, visit);
  };
  visit(source);
  // A negative line is a use by the global object, which no declaration hides.
  return [...new Set(lines.filter((line) => line < 0 || !declared).map(Math.abs))].sort((a, b) => a - b);
}

export function parse(file: SourceText): ts.SourceFile {
  return ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true);
}

export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

function importedNames(clause: ts.ImportClause | undefined): { names: string[]; typeOnly: boolean } {
  if (!clause) return { names: [], typeOnly: false };
  const names = clause.name ? ['default'] : [];
  const bindings = clause.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) names.push('*');
  const elements = bindings && ts.isNamedImports(bindings) ? bindings.elements : [];
  for (const element of elements) names.push((element.propertyName ?? element.name).text);
  // `import { type A } from 'x'` still loads x at run time, so only the whole clause counts.
  return { names, typeOnly: clause.phaseModifier === ts.SyntaxKind.TypeKeyword };
}

/** `import()`, `require()`, `createRequire(…)()`, `.resolve()` of both, `import.meta.resolve()`, vitest's mocks, `getBuiltinModule()`. */
function loadsModule(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true;
  if (ts.isIdentifier(callee)) return callee.text === 'require';
  if (isMadeRequire(callee)) return true;
  if (!ts.isPropertyAccessExpression(callee)) return false;
  const name = callee.name.text;
  if (name === 'resolve' && isMadeRequire(callee.expression)) return true;
  if (name === 'getBuiltinModule') return true;
  if (name === 'resolve' && ts.isMetaProperty(callee.expression)) return true;
  if (!ts.isIdentifier(callee.expression)) return false;
  if (callee.expression.text === 'require') return name === 'resolve';
  return callee.expression.text === 'vi' && ['mock', 'doMock', 'importActual', 'importMock'].includes(name);
}

/** `createRequire(import.meta.url)`, called on the spot. */
function isMadeRequire(node: ts.Expression): boolean {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'createRequire';
}

/** `new URL('./worker.ts', import.meta.url)`: how a worker or a child process is pointed at a module. */
function isModuleUrl(node: ts.NewExpression): boolean {
  const [path, base] = node.arguments ?? [];
  return (
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'URL' &&
    path !== undefined &&
    ts.isStringLiteralLike(path) &&
    /^\.{1,2}\/.*\.[cm]?[jt]sx?$/.test(path.text) &&
    base !== undefined &&
    ts.isPropertyAccessExpression(base) &&
    ts.isMetaProperty(base.expression)
  );
}

function isDeclarationName(parent: ts.Node, node: ts.Identifier): boolean {
  return (
    (ts.isVariableDeclaration(parent) ||
      ts.isParameter(parent) ||
      ts.isFunctionDeclaration(parent) ||
      ts.isBindingElement(parent) ||
      ts.isImportSpecifier(parent) ||
      ts.isImportClause(parent)) &&
    parent.name === node
  );
}

/** Not a member name, such as `client.fetch`, `{ fetch: … }`, `fetch(): …` or `typeof globalThis.fetch` in a type. */
function isFreeName(parent: ts.Node, node: ts.Identifier): boolean {
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent) || ts.isBindingElement(parent)) return false;
  return !(
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isTypeQueryNode(parent) ||
    ts.isQualifiedName(parent) ||
    ts.isTypeReferenceNode(parent)
  );
}
