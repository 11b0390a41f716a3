/**
 * The public surface: the names that each entry of the package exports, with a docstring on each of them and on each
 * public member. A name that is added or removed here is a change for users, and belongs in CHANGELOG.md.
 */
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TYPED, typedProgram } from '../../injector/build.ts';
import { PACKAGE_ROOT } from '../../injector/package-root.ts';

const CORE = `
  Attr Backstore BranchInfo Caller Clock CommitFailure CommitResult Detail DirectoryEntry ERRNO ErrnoCode EventKind EventKindName EventSink
  FileType Follow FsCore FsCoreConfig FsError FsEvent FsView History JournalLimits MountExit NodeFs OpenResult
  OverlayChange OverlayChangeKind OverlayCommit OverlayConflict Owner PageLimit Place SinkErrorHandler SnapshotInfo
  StatFs TimeChange Timespec constants decodePath encodePath errorMessage kindName`;

const SURFACE: Readonly<Record<string, string>> = {
  'core/index.ts': CORE,
  'injector/index.ts': `${CORE}
    AttachOptions Attached BranchLine ControlCaller ControlClient ControlError ControlMethods Copied Data EngineError
    EngineErrorCode EventItem EventLine FileInfo GateBuildError HistoryLost HostedSession Import MethodName NamedFile
    OverlayLine Run RunOptions SessionDescription SessionError SessionErrorCode SessionOptions TreeOptions UserError
    attach exportTree hostSession importTree run`,
  'core/watch/index.ts': `
    Accumulated Accumulator AttachOptions Attachment BUFFER_CAPACITY BatchCallback BranchSource BufferOptions Change
    ChangeBuffer ChangeKind ChangeSink ChangeType Collapser ControlKind DEBOUNCE_DEFAULTS DebounceOptions Debouncer
    DirectorySource DirectorySourceOptions ErrWatcherStopped EventFlag EventStream EventStreamOptions EventType
    EventWatcher Filter Lister OBJECT_STORE_RULES ObjectEvent ObjectWatcher Rule ScanType Source SpawnOptions Timers
    TreeEntry Verdict WatchBatch WatchEvent WatcherError accumulated branchSource collapse compileFilter
    directorySource eventType flagOf isControl objectEvents scanType shouldRescan simpleRules systemTimers`,
  'injector/replicate.ts': `
    BackoffOptions ChangeLog ChangeLogOptions FileChangeLog LogEntry Origin PRIVATE Progress ReplicaNode ReplicaState
    Replicator ReplicatorOptions Staged StateFile StateStore Target UnsteadyFile XattrPort Xattrs branchOrigin
    branchTarget directoryOrigin directoryTarget`,
};

const program = await typedProgram();
const checker = program.getTypeChecker();
const surface = suite('public surface');

const exportsOf = (entry: string): ts.Symbol[] =>
  checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(join(PACKAGE_ROOT, entry))!)!);
const target = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
const isOurs = (node: ts.Node): boolean => !/node_modules/.test(node.getSourceFile().fileName);
const isInternal = (symbol: ts.Symbol): boolean =>
  symbol.getJsDocTags(checker).some(({ name }) => name === 'internal');
const isDocumented = (symbol: ts.Symbol): boolean =>
  symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0;

/** Members that the declarations of a class, interface or object type show. A union's alternatives are not members. */
function membersOf(symbol: ts.Symbol): ts.Symbol[] {
  const declarations = symbol.declarations ?? [];
  const hasMembers = declarations.some(
    (node) =>
      ts.isClassDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      (ts.isTypeAliasDeclaration(node) && ts.isTypeLiteralNode(node.type)),
  );
  if (!hasMembers) return [];
  const instance = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  const statics = declarations.some(ts.isClassDeclaration)
    ? checker.getPropertiesOfType(checker.getTypeOfSymbol(symbol)).filter(({ name }) => name !== 'prototype')
    : [];
  return [...instance, ...statics].filter((member) => {
    const declaration = member.valueDeclaration ?? member.declarations?.[0];
    if (declaration === undefined || !isOurs(declaration) || isInternal(member)) return false;
    const name = ts.getNameOfDeclaration(declaration);
    // Well-known symbols are documented by their protocols.
    if (name === undefined || ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name)) return false;
    const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
    return (ts.getCombinedModifierFlags(declaration) & hidden) === 0;
  });
}

surface('the table lists every entry of the package', () => {
  assert.equal(Object.keys(SURFACE).sort(), [...TYPED].sort());
});

for (const [entry, names] of Object.entries(SURFACE)) {
  surface(`${entry}: exports`, () => {
    assert.equal(
      exportsOf(entry)
        .map(({ name }) => name)
        .sort(),
      names.trim().split(/\s+/).sort(),
    );
  });

  surface(`${entry}: every export and public member has a docstring`, () => {
    const undocumented: string[] = [];
    for (const exported of exportsOf(entry)) {
      const symbol = target(exported);
      // `export * as constants`: its module has a header.
      if (symbol.declarations?.some(ts.isSourceFile)) continue;
      const file = relative(PACKAGE_ROOT, symbol.declarations?.[0]?.getSourceFile().fileName ?? '');
      if (!isDocumented(symbol)) undocumented.push(`${file}: ${exported.name}`);
      for (const member of membersOf(symbol))
        if (!isDocumented(member)) undocumented.push(`${file}: ${exported.name}.${member.name}`);
    }
    assert.equal(undocumented, []);
  });
}

/** The declarations as the build writes them, compiled from memory without the sources. */
function compileDeclarations(): {
  readonly declarations: ts.Program;
  readonly files: ReadonlyMap<string, string>;
} {
  const files = new Map<string, string>();
  program.emit(undefined, (file, text) => files.set(file, text));
  const options: ts.CompilerOptions = { ...program.getCompilerOptions(), skipLibCheck: false, noEmit: true };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile, directoryExists } = host;
  const directories = new Set([...files.keys()].map(dirname));
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.directoryExists = (path) => directories.has(path) || (directoryExists?.(path) ?? false);
  host.getSourceFile = (file, version, ...rest) => {
    const text = files.get(file);
    return text === undefined
      ? getSourceFile(file, version, ...rest)
      : ts.createSourceFile(file, text, version);
  };
  return { declarations: ts.createProgram(TYPED.map(declarationOf), options, host), files };
}

const declarationOf = (entry: string): string => join(PACKAGE_ROOT, 'dist', entry.replace(/\.ts$/, '.d.ts'));
const { declarations, files } = compileDeclarations();

surface('the declarations compile by themselves, without the members marked @internal', () => {
  const sources = declarations.getSourceFiles().filter(({ fileName }) => files.has(fileName));
  assert.ok(sources.length > TYPED.length);
  assert.equal(
    sources
      .flatMap((source) => declarations.getSemanticDiagnostics(source))
      .map(
        ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
      ),
    [],
  );
  const core = files.get(declarationOf('core/fs-core.ts'))!;
  assert.match(core, /createBranch/);
  assert.not.match(core, /slotOf|readonly content/);
});

/** Classes that a NodeFs has as values, as Node's `fs` has them. */
const OF_NODE_FS = ['BigIntStats', 'Dirent', 'Stats'];

surface('a type that an export mentions is an export, too', () => {
  const types = declarations.getTypeChecker();
  const resolve = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? types.getAliasedSymbol(symbol) : symbol;
  const exported = new Set(
    TYPED.flatMap((entry) =>
      types
        .getExportsOfModule(types.getSymbolAtLocation(declarations.getSourceFile(declarationOf(entry))!)!)
        .map(resolve),
    ),
  );
  const missing = new Set<string>();
  const visit = (node: ts.Node, by: string): void => {
    const symbol = ts.isIdentifier(node) ? types.getSymbolAtLocation(node) : undefined;
    const mentioned = symbol && resolve(symbol);
    const declaration = mentioned?.declarations?.[0];
    // A type without `export` is the file's own shorthand.
    if (
      mentioned &&
      declaration?.parent &&
      ts.isSourceFile(declaration.parent) &&
      files.has(declaration.parent.fileName) &&
      ts.getCombinedModifierFlags(declaration as ts.Declaration) & ts.ModifierFlags.Export &&
      mentioned.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias) &&
      !exported.has(mentioned) &&
      !OF_NODE_FS.includes(mentioned.name)
    )
      missing.add(`${mentioned.name}, mentioned by ${by}`);
    ts.forEachChild(node, (child) => visit(child, by));
  };
  for (const symbol of exported)
    for (const node of symbol.declarations ?? []) if (!ts.isSourceFile(node)) visit(node, symbol.name);
  assert.equal([...missing], []);
});

surface.run();
