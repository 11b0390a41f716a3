/** RealNames in memory: keeps a tree, fails as a kernel would, and records the operations requested. */
import type { RealNames } from '../../../core/inotify/real-names.ts';

interface Node {
  readonly inode: number;
  readonly children: Map<string, Node> | null;
}

class Refused extends Error {
  readonly code: string;
  constructor(code: string, operation: string, path: string) {
    super(`${code}: ${operation} ${path}`);
    this.code = code;
  }
}

export class NamesInMemory implements RealNames {
  /** `operation path [path]`, without the base. */
  readonly asked: string[] = [];
  readonly #root: Node = { inode: 1, children: new Map() };
  readonly #base: string;
  #inodes = 1;

  /** @param base prefix that is left out of `asked` */
  constructor(base: string) {
    this.#base = base;
    let at = this.#root;
    for (const name of base.split('/').filter(Boolean)) {
      const child: Node = { inode: ++this.#inodes, children: new Map() };
      at.children!.set(name, child);
      at = child;
    }
  }

  /** Names below a path, directories with a trailing slash, sorted; undefined if the path does not exist. */
  list(path: string): string[] | undefined {
    const at = this.#find(path);
    return at?.children
      ? [...at.children].map(([name, node]) => (node.children ? `${name}/` : name)).sort()
      : undefined;
  }

  #find(path: string): Node | undefined {
    let at: Node | undefined = this.#root;
    for (const name of path.split('/').filter(Boolean)) at = at?.children?.get(name);
    return at;
  }

  #place(
    path: Buffer,
    operation: string,
  ): { holder: Map<string, Node>; name: string; node: Node | undefined } {
    const text = path.toString();
    const cut = text.lastIndexOf('/');
    const holder = this.#find(text.slice(0, cut))?.children;
    if (!holder) throw new Refused('ENOENT', operation, text);
    const name = text.slice(cut + 1);
    return { holder, name, node: holder.get(name) };
  }

  #there(path: Buffer, operation: string): { holder: Map<string, Node>; name: string; node: Node } {
    const { holder, name, node } = this.#place(path, operation);
    if (!node) throw new Refused('ENOENT', operation, path.toString());
    return { holder, name, node };
  }

  #note(operation: string, ...paths: Buffer[]): void {
    const short = paths.map((path) => path.toString().replace(`${this.#base}/`, ''));
    this.asked.push([operation, ...short].join(' '));
  }

  #make(operation: string, path: Buffer, directory: boolean): void {
    const { holder, name, node } = this.#place(path, operation);
    if (node) throw new Refused('EEXIST', operation, path.toString());
    holder.set(name, { inode: ++this.#inodes, children: directory ? new Map() : null });
    this.#note(operation, path);
  }

  file(path: Buffer): void {
    this.#make('file', path, false);
  }
  directory(path: Buffer): void {
    this.#make('directory', path, true);
  }
  symlink(path: Buffer): void {
    this.#make('symlink', path, false);
  }
  special(path: Buffer): void {
    this.#make('special', path, false);
  }
  link(from: Buffer, to: Buffer): void {
    const { node } = this.#there(from, 'link');
    const target = this.#place(to, 'link');
    if (target.node) throw new Refused('EEXIST', 'link', to.toString());
    if (node.children) throw new Refused('EPERM', 'link', from.toString());
    target.holder.set(target.name, node);
    this.#note('link', from, to);
  }
  rename(from: Buffer, to: Buffer): void {
    const source = this.#there(from, 'rename');
    const target = this.#place(to, 'rename');
    if (target.node && !target.node.children !== !source.node.children)
      throw new Refused('EISDIR', 'rename', to.toString());
    if (target.node?.children?.size) throw new Refused('ENOTEMPTY', 'rename', to.toString());
    source.holder.delete(source.name);
    target.holder.set(target.name, source.node);
    this.#note('rename', from, to);
  }
  exchange(one: Buffer, other: Buffer): void {
    const [a, b] = [this.#there(one, 'exchange'), this.#there(other, 'exchange')];
    a.holder.set(a.name, b.node);
    b.holder.set(b.name, a.node);
    this.#note('exchange', one, other);
  }
  unlink(path: Buffer): void {
    const { holder, name, node } = this.#there(path, 'unlink');
    if (node.children) throw new Refused('EISDIR', 'unlink', path.toString());
    holder.delete(name);
    this.#note('unlink', path);
  }
  rmdir(path: Buffer): void {
    const { holder, name, node } = this.#there(path, 'rmdir');
    if (!node.children) throw new Refused('ENOTDIR', 'rmdir', path.toString());
    if (node.children.size) throw new Refused('ENOTEMPTY', 'rmdir', path.toString());
    holder.delete(name);
    this.#note('rmdir', path);
  }
  #touch(operation: string, path: Buffer): void {
    this.#there(path, operation);
    this.#note(operation, path);
  }
  attrib(path: Buffer): void {
    this.#touch('attrib', path);
  }
  times(path: Buffer, atime: number | undefined, mtime: number | undefined): void {
    this.#touch(`times${atime === undefined ? '' : '-access'}${mtime === undefined ? '' : '-modify'}`, path);
  }
  truncate(path: Buffer): void {
    this.#touch('truncate', path);
  }
  written(path: Buffer): void {
    this.#touch('written', path);
  }
  copy(from: Buffer, to: Buffer): void {
    this.#there(from, 'copy');
    this.#make('copy', to, false);
  }
  exists(path: Buffer): boolean {
    return this.#find(path.toString()) !== undefined;
  }
  inode(path: Buffer): number {
    return this.#there(path, 'inode').node.inode;
  }
  removeTree(path: Buffer): void {
    const { holder, name } = this.#place(path, 'removeTree');
    holder.delete(name);
  }
}
