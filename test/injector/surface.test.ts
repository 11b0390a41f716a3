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
  Attr Backstore BranchInfo Caller Clock Detail DirectoryEntry ERRNO ErrnoCode EventKind EventKindName EventSink
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

surface('the declarations compile by themselves, without the members marked @internal', () => {
  const emitted = new Map<string, string>();
  program.emit(undefined, (file, text) => emitted.set(file, text));
  const options: ts.CompilerOptions = { ...program.getCompilerOptions(), skipLibCheck: false, noEmit: true };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile, directoryExists } = host;
  host.fileExists = (file) => emitted.has(file) || fileExists(file);
  host.readFile = (file) => emitted.get(file) ?? readFile(file);
  const directories = new Set([...emitted.keys()].map(dirname));
  host.directoryExists = (path) => directories.has(path) || (directoryExists?.(path) ?? false);
  host.getSourceFile = (file, version, ...rest) => {
    const text = emitted.get(file);
    return text === undefined
      ? getSourceFile(file, version, ...rest)
      : ts.createSourceFile(file, text, version);
  };
  const entries = [...emitted.keys()].filter((file) =>
    TYPED.some((entry) => file.endsWith(`dist/${entry.replace(/\.ts$/, '.d.ts')}`)),
  );
  assert.is(entries.length, TYPED.length);
  const declarations = ts.createProgram(entries, options, host);
  const errors = [...emitted.keys()].flatMap((file) => {
    const source = declarations.getSourceFile(file);
    return source ? declarations.getSemanticDiagnostics(source) : [];
  });
  assert.equal(
    errors.map(
      ({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    ),
    [],
  );
  const core = emitted.get(join(PACKAGE_ROOT, 'dist/core/fs-core.d.ts'))!;
  assert.match(core, /createBranch/);
  assert.not.match(core, /slotOf|readonly content/);
});

surface.run();
