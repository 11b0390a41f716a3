/**
 * The names of one real directory.
 *
 * Every lookup makes an lstat, so that changes to the real directory are visible at once. A listing is read again
 * when the directory's times have changed, or are too recent to prove that nothing changed. An entry keeps its
 * position in the listing for as long as its name leads to the same file.
 */
import { readdirSync } from 'node:fs';
import { decodePath } from '../path-bytes.ts';
import type { HostNode } from './host-node.ts';
import { hostError } from './host-root.ts';
import { type Inode, LayerEntry } from './inode.ts';
import type { LowerDirectory } from './lower-layer.ts';

/** Two changes within one tick of the kernel's clock leave the same timestamp. Nanoseconds. */
const TICK = 50_000_000n;

export interface HostNames {
  /** The node that is at a path now; creates it at first sight. */
  find(dir: HostNode, relative: string): HostNode | undefined;
  nextSeq(): number;
  /** Reports that a real directory was renamed, so cached paths are stale. */
  moved(): void;
}

export class HostDirectory implements LowerDirectory {
  readonly opaque = true;
  readonly names = { get: (name: string): LayerEntry | undefined => this.#lookup(name) };
  readonly #node: HostNode;
  readonly #layer: HostNames;
  /** mtime and ctime of the directory when it was last listed; -1 if a listing must be read again. */
  #mtime = -1n;
  #ctime = -1n;

  constructor(node: HostNode, layer: HostNames) {
    this.#node = node;
    this.#layer = layer;
  }

  #lookup(name: string): LayerEntry | undefined {
    const { record } = this.#node;
    const table = record.table!;
    const known = table.names.get(name);
    const found = this.#layer.find(this.#node, `${this.#node.relative}/${name}`);
    if (known && known.node === found?.record) return known;
    if (known) this.#forget(known);
    if (!found) return undefined;
    const entry = new LayerEntry(record, name, this.#layer.nextSeq(), found.record);
    table.add(entry);
    this.#place(found.record, entry);
    return entry;
  }

  #place(record: Inode, entry: LayerEntry): void {
    const before = record.entry;
    if (!before?.alive) record.entry = entry;
    else if (record.table) {
      // Renamed in the real filesystem: a directory has one name only.
      before.holder?.table?.remove(before);
      record.entry = entry;
      this.#layer.moved();
    } else {
      // Drop names that have been removed from the real filesystem since they were looked up.
      record.others = [before, ...(record.others ?? []).filter((one) => one.alive)];
      record.entry = entry;
    }
  }

  #forget(entry: LayerEntry): void {
    entry.holder!.table!.remove(entry);
    const record = entry.node!;
    const others = (record.others ?? []).filter((one) => one !== entry);
    if (record.entry === entry && others.length > 0) record.entry = others.pop()!;
    record.others = others.length > 0 ? others : null;
  }

  after(seq: number): IterableIterator<LayerEntry> {
    this.#list();
    return this.#node.record.table!.after(seq);
  }

  #list(): void {
    const { root, relative, record } = this.#node;
    const stat = root.stat(relative);
    const table = record.table!;
    if (stat && stat.mtimeNs === this.#mtime && stat.ctimeNs === this.#ctime) return;
    this.#mtime = this.#ctime = -1n;
    const names = new Set<string>();
    if (stat) {
      try {
        for (const name of readdirSync(root.at(relative), { encoding: 'buffer' }))
          names.add(decodePath(name));
      } catch (error) {
        const refused = hostError(error, 'scandir', root.path + relative);
        if (refused.code !== 'ENOENT' && refused.code !== 'ENOTDIR') throw refused;
      }
    }
    for (const entry of [...table.names.values()]) if (!names.has(entry.name)) this.#forget(entry);
    for (const name of names) this.#lookup(name);
    if (!stat || BigInt(Date.now()) * 1_000_000n - stat.ctimeNs < TICK) return;
    this.#mtime = stat.mtimeNs;
    this.#ctime = stat.ctimeNs;
  }
}
