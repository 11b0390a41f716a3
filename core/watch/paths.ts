/** Arithmetic of absolute, normal paths. */

/** Without a trailing slash, except for the root. */
export const trimmed = (path: string): string => {
  let end = path.length;
  while (end > 1 && path.charCodeAt(end - 1) === 47) end--;
  return path.slice(0, end);
};

/** Whether `path` is `root` or below it. */
export const covers = (root: string, path: string): boolean =>
  path.startsWith(root) &&
  (path.length === root.length || root === '/' || path.charCodeAt(root.length) === 47);

/** Whether `path` is below `root`. */
export const below = (root: string, path: string): boolean => path.length > root.length && covers(root, path);

/** The directory that contains `path`; for the root the root itself. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The new path of `path`, which `from` covers, after `from` was renamed to `to`. */
export const moved = (path: string, from: string, to: string): string => {
  const rest = from === '/' ? path : path.slice(from.length);
  return to === '/' ? rest || '/' : to + rest;
};

/** `path`, which `root` covers, relative to `root`; '' for the root itself. */
export const relativeTo = (root: string, path: string): string =>
  root === '/' ? path.slice(1) : path.slice(root.length + 1);

/** Whether either path covers the other. */
export const related = (a: string, b: string): boolean => covers(a, b) || covers(b, a);

/** Every directory above `path`, nearest first, down to and including '/'. */
export function* above(path: string): Generator<string> {
  for (let at = path; at !== '/'; ) {
    at = parentOf(at);
    yield at;
  }
}
