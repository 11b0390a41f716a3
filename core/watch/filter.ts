/**
 * Which paths are reported.
 *
 * A filter is a sequence of rules, and the last that matches decides; so a later rule makes an exception to an
 * earlier rule. A rule that matches a directory matches everything below it. If no rule matches, a path passes
 * unless the sequence has an include rule: then only included paths pass. Hidden names are those below the
 * filter's root or the included path: a watched `~/.config` is not hidden itself.
 */
import ignore from 'ignore';
import picomatch from 'picomatch';
import { covers, nameOf, relativeTo, trimmed } from './paths.ts';

/** One rule of a filter. */
export type Rule =
  /** `path` and everything below it. */
  | { readonly kind: 'include-path' | 'exclude-path'; readonly path: string }
  /** Names that begin with a dot. */
  | { readonly kind: 'exclude-hidden' }
  /** With a slash: matches the path within the root (or absolute, if it begins with a slash). Without: any name. */
  | { readonly kind: 'include-glob' | 'exclude-glob'; readonly glob: string }
  /** The lines of a `.gitignore` in `dir` (default: the root). */
  | { readonly kind: 'gitignore'; readonly text: string; readonly dir?: string };

/** Decision of a filter about a path. */
export interface Verdict {
  /** Whether the path is reported. */
  readonly allowed: boolean;
  /** Index of the rule that decided; -1 if none did. */
  readonly rule: number;
  /** Explanation for people. */
  readonly reason: string;
}

/** A compiled sequence of rules. */
export interface Filter {
  /** The rules that were compiled. */
  readonly rules: readonly Rule[];
  /** @param directory for rules that match directories only (`build/`) */
  accepts(path: string, directory?: boolean): boolean;
  /** The decision, with the rule that made it. @param directory as for `accepts` */
  explain(path: string, directory?: boolean): Verdict;
}

/** The paths that go-objstore's watcher ignores: hidden files, metadata beside objects, backups and temporary files. */
export const OBJECT_STORE_RULES: readonly Rule[] = [
  { kind: 'exclude-hidden' },
  { kind: 'exclude-glob', glob: '*.metadata.json' },
  { kind: 'exclude-glob', glob: '*~' },
  { kind: 'exclude-glob', glob: '*.tmp' },
];

/** Whether the rule matches; `'include'` if a gitignore negates an earlier line. */
type Matcher = (path: string, directory: boolean) => boolean | 'include';

/** `path` and its ancestors below `root`, outermost first. */
function within(root: string, path: string): string[] {
  const parts = relativeTo(root, path).split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

function globMatcher(glob: string, root: string): Matcher {
  const options = { dot: true, nonegate: true };
  if (!glob.includes('/')) {
    const matches = picomatch(glob, options);
    return (path) =>
      covers(root, path) &&
      path !== root &&
      relativeTo(root, path)
        .split('/')
        .some((name) => matches(name));
  }
  const absolute = glob.startsWith('/');
  const matches = picomatch(absolute ? glob.slice(1) : glob, options);
  const top = absolute ? '/' : root;
  return (path) => covers(top, path) && path !== top && within(top, path).some((part) => matches(part));
}

function gitMatcher(text: string, dir: string): Matcher {
  const rules = ignore().add(text);
  return (path, directory) => {
    if (!covers(dir, path) || path === dir) return false;
    const result = rules.test(relativeTo(dir, path) + (directory ? '/' : ''));
    if (result.unignored) return 'include';
    return result.ignored;
  };
}

function hiddenMatcher(root: string, included: readonly string[]): Matcher {
  const tops = [root, ...included].sort((a, b) => b.length - a.length);
  return (path) => {
    const top = tops.find((one) => covers(one, path));
    return top !== undefined && `/${relativeTo(top, path)}`.includes('/.');
  };
}

function matcher(rule: Rule, root: string, included: readonly string[]): Matcher {
  switch (rule.kind) {
    case 'include-path':
    case 'exclude-path': {
      const top = trimmed(rule.path);
      return (path) => covers(top, path);
    }
    case 'exclude-hidden':
      return hiddenMatcher(root, included);
    case 'include-glob':
    case 'exclude-glob':
      return globMatcher(rule.glob, root);
    case 'gitignore':
      return gitMatcher(rule.text, trimmed(rule.dir ?? root));
  }
}

function describe(rule: Rule): string {
  if ('glob' in rule) return `${rule.kind} ${rule.glob}`;
  if ('path' in rule) return `${rule.kind} ${rule.path}`;
  return rule.kind;
}

/** @param root base of globs and of hidden names; a path outside is matched by its absolute path only */
export function compileFilter(rules: readonly Rule[], root = '/'): Filter {
  const top = trimmed(root);
  const included = rules.flatMap((rule) => (rule.kind === 'include-path' ? [trimmed(rule.path)] : []));
  const matchers = rules.map((rule) => matcher(rule, top, included));
  const selective = rules.some((rule) => rule.kind.startsWith('include'));
  const decide = (path: string, directory: boolean): { allowed: boolean; rule: number } => {
    for (let i = rules.length - 1; i >= 0; i--) {
      const matches = matchers[i]!(path, directory);
      if (matches) return { allowed: matches === 'include' || rules[i]!.kind.startsWith('include'), rule: i };
    }
    return { allowed: !selective, rule: -1 };
  };
  return {
    rules,
    accepts: (path, directory = false) => rules.length === 0 || decide(path, directory).allowed,
    explain(path, directory = false) {
      const verdict = decide(path, directory);
      const rule = rules[verdict.rule];
      if (rule)
        return { ...verdict, reason: `${verdict.allowed ? 'included' : 'excluded'} by ${describe(rule)}` };
      return {
        ...verdict,
        reason: selective ? `'${nameOf(path)}' is not included by any rule` : 'no rule excludes it',
      };
    },
  };
}

/**
 * Rules from two lists of paths and globs.
 *
 * @param include paths (absolute) or globs; empty: everything
 * @param exclude the same; takes precedence
 */
export function simpleRules(include: readonly string[] = [], exclude: readonly string[] = []): Rule[] {
  const rule = (kind: 'include' | 'exclude', word: string): Rule =>
    word.startsWith('/') && !picomatch.scan(word).isGlob
      ? { kind: `${kind}-path`, path: word }
      : { kind: `${kind}-glob`, glob: word };
  return [...include.map((word) => rule('include', word)), ...exclude.map((word) => rule('exclude', word))];
}
