/**
 * Reduces changes to fewer changes with the same effect.
 *
 * A new change is carried backwards past unrelated changes until it meets a change that it can be merged with, or
 * that it must stay behind. So no rule reorders changes that depend on order, and a consumer that applies the result
 * arrives at the same tree as with all the changes. Rules:
 * - create, update = create; updates merge; create, delete = nothing
 * - delete, create of the same type = update (not for directories: the contents of the first are gone)
 * - a chain of renames = one rename, or none if it returns to its start; create, rename = create under the new name
 * - rename, delete = delete of the old name; changes below a deleted directory are dropped
 * - delete, rename onto it = one rename with `replaced`
 *
 * This is for consumers that apply changes to a copy. A consumer that reads the tree instead, whenever a path is
 * named, may have read a file whose create and delete cancel out: it must look at every path named before collapsing.
 *
 * A merged change has the id and time of its last part. So ids within one collapsed batch need not ascend: a batch
 * is identified by its highest id, and must be handled as a whole.
 */
import { type Change, isControl } from './change.ts';
import { CollapseList, pathsOf } from './collapse-list.ts';
import { foldDeleted, isTouch, meets, merged, sameKindOfFile } from './collapse-rules.ts';
import { below, covers, moved, related } from './paths.ts';

/** Collapses changes as they arrive; see the rules above. */
export class Collapser {
  #list = new CollapseList();
  /** Changes up to the last control change: nothing is carried past it. */
  #closed: Change[] = [];

  /** Number of changes that `drain` would return at most. */
  get size(): number {
    return this.#closed.length + this.#list.size;
  }

  /** Adds a change, in the order of delivery. */
  push(change: Change): void {
    if (isControl(change)) {
      this.#closeSegment();
      this.#closed.push(change);
    } else if (change.exchanged) this.#append(change);
    else if (change.kind === 'create') this.#create(change);
    else if (change.kind === 'delete') this.#erase(change, Number.POSITIVE_INFINITY);
    else if (change.kind === 'rename') this.#rename(change);
    else this.#touch(change);
  }

  /** Removes and returns all changes. */
  drain(): Change[] {
    this.#closeSegment();
    const all = this.#closed;
    this.#closed = [];
    return all;
  }

  #closeSegment(): void {
    if (this.#list.size === 0) return;
    for (const change of foldDeleted(this.#list)) this.#closed.push(change);
    this.#list.clear();
  }

  #append(change: Change, slot = this.#list.slot()): void {
    this.#list.put(slot, change);
  }

  #create(change: Change): void {
    const list = this.#list;
    const { path } = change;
    const at = list.met(path, Number.POSITIVE_INFINITY);
    const last = list.get(at);
    if (last?.path === path && last.kind === 'create') {
      // Reported twice, for example by a scan and by the system.
      list.amend(at, merged(last, change));
    } else if (last?.path === path && last.kind === 'delete' && sameKindOfFile(last.type, change.type)) {
      list.remove(at);
      this.#append({ ...change, kind: 'update' });
    } else this.#append(change);
  }

  #touch(change: Change): void {
    const list = this.#list;
    let path = change.path;
    for (let at = list.met(path, Number.POSITIVE_INFINITY); at >= 0; at = list.met(path, at)) {
      const one = list.get(at)!;
      if (isTouch(one)) {
        if (one.path !== path) continue;
        list.amend(at, { ...merged(one, change), kind: change.kind === 'update' ? 'update' : one.kind });
        return;
      }
      if (one.kind === 'create' && one.path === path) {
        list.amend(at, merged(one, change));
        return;
      }
      if (one.kind !== 'rename' || one.exchanged || !covers(one.path, path) || covers(one.from!, path)) break;
      path = moved(path, one.path, one.from!);
    }
    this.#append(change);
  }

  /** Applies a deletion of `change.path` that comes at position `before`; if it remains, puts it into `slot`. */
  #erase(change: Change, before: number, slot?: number): void {
    const list = this.#list;
    let path = change.path;
    /** Changes that move something out of the deleted directory, and the changes that these depend on. */
    const kept: Change[] = [];
    for (let at = list.met(path, before); at >= 0; at = list.met(path, at)) {
      const one = list.get(at)!;
      if (pathsOf(one).every((name) => below(path, name))) {
        if (kept.some((other) => meets(other, one))) kept.push(one);
        else list.remove(at);
      } else if (isTouch(one)) {
        // A touch of a directory above says nothing about its contents.
        if (one.path !== path) continue;
        if (kept.length > 0) kept.push(one);
        else list.remove(at);
      } else if (one.exchanged) break;
      else if (one.kind === 'create' && one.path === path) {
        if (kept.length > 0) break;
        list.remove(at);
        return;
      } else if (one.kind === 'delete' && one.path === path) {
        if (kept.length > 0) break;
        // Reported twice.
        list.amend(at, { ...one, id: change.id, time: change.time });
        return;
      } else if (one.kind === 'rename' && one.path === path && !related(one.from!, path)) {
        if (kept.length > 0) break;
        list.remove(at);
        this.#erase({ ...change, path: one.from!, ino: one.ino }, at, at);
        return;
      } else if (one.kind === 'rename' && below(path, one.path) && !related(one.from!, path)) {
        if (kept.some((other) => meets(other, one))) break;
        list.remove(at);
        this.#erase({ ...change, path: one.from!, type: one.type, ino: one.ino }, at, at);
      } else if (one.kind === 'rename' && below(path, one.from!) && !related(one.path, path)) kept.push(one);
      else if (one.kind === 'rename' && below(one.path, path) && !related(one.from!, path)) {
        if (kept.length > 0) break;
        path = moved(path, one.path, one.from!);
      } else break;
    }
    this.#append(change, slot);
  }

  #rename(change: Change): void {
    const { replaced, ...rename } = change;
    const { from = '', path, id, time } = rename;
    if (replaced !== undefined)
      this.#erase({ kind: 'delete', path, type: replaced, id, time }, Number.POSITIVE_INFINITY);
    const touched = this.#takeTouched(from);
    this.#move(rename);
    // Delivered under the new name: under the old name there is nothing left to read.
    for (const one of touched) this.#touch({ ...one, path: moved(one.path, from, path) });
  }

  /** Removes and returns the touches of `path` or below it since the last change of another kind; oldest first. */
  #takeTouched(path: string): Change[] {
    const list = this.#list;
    const touched: Change[] = [];
    for (let at = list.met(path, Number.POSITIVE_INFINITY); at >= 0; at = list.met(path, at)) {
      const one = list.get(at)!;
      if (!isTouch(one)) break;
      if (!covers(path, one.path)) continue;
      list.remove(at);
      touched.push(one);
    }
    return touched.reverse();
  }

  #move(rename: Change): void {
    const list = this.#list;
    const from = rename.from!;
    const to = rename.path;
    const end = Number.POSITIVE_INFINITY;
    const at = this.#lastOf(from);
    const one = list.get(at);
    const free = list.met(to, end) < at;
    const home = one?.from === to && list.met(to, end) === at;
    if (one?.kind === 'create' && one.path === from && this.#renameCreated(rename, at)) return;
    if (one?.kind === 'rename' && one.path === from && !one.exchanged && !related(one.from!, to)) {
      const whole = { ...merged(one, rename), path: to };
      if (free) {
        list.put(at, whole);
        this.#repath(from, to, at);
        return;
      }
      if (list.met(one.from!, end) === at) {
        list.remove(at);
        this.#repath(from, one.from!, at);
        this.#append(whole);
        return;
      }
    } else if (one?.kind === 'rename' && one.path === from && !one.exchanged && home) {
      list.remove(at);
      this.#repath(from, to, at);
      return;
    }
    this.#append(rename);
  }

  /** Changes inside `from` behind position `at` happen inside `to` now. */
  #repath(from: string, to: string, at: number): void {
    const list = this.#list;
    for (const position of list.from(from, at + 1)) {
      const one = list.get(position)!;
      if (!pathsOf(one).every((name) => below(from, name))) continue;
      const path = moved(one.path, from, to);
      list.put(
        position,
        one.from === undefined ? { ...one, path } : { ...one, path, from: moved(one.from, from, to) },
      );
    }
  }

  /** Position of the last change about `path` or the tree below it; ignores touches of directories above. */
  #lastOf(path: string): number {
    let at = this.#list.met(path, Number.POSITIVE_INFINITY);
    for (let one = this.#list.get(at); one && isTouch(one) && below(one.path, path); ) {
      at = this.#list.met(path, at);
      one = this.#list.get(at);
    }
    // Skip changes inside a directory that was itself created: its creation decides.
    for (let one = this.#list.get(at); one && pathsOf(one).every((name) => below(path, name)); ) {
      at = this.#list.met(path, at);
      one = this.#list.get(at);
    }
    return at;
  }

  /** Turns `create`, `rename` into a create under the new name, together with the directory's contents. */
  #renameCreated(rename: Change, at: number): boolean {
    const list = this.#list;
    const { from = '', path: to } = rename;
    const positions = list.from(from, at);
    const parts = positions.map((position) => list.get(position)!);
    if (parts.slice(1).some((one) => !['create', 'update', 'attrib'].includes(one.kind))) return false;
    // No change since then may concern the directories above.
    for (let i = list.met(from, Number.POSITIVE_INFINITY); i > at; i = list.met(from, i)) {
      const one = list.get(i)!;
      if (!covers(from, one.path) && !isTouch(one)) return false;
    }
    for (const position of positions) list.remove(position);
    for (const [i, one] of parts.entries()) {
      const change = { ...one, path: moved(one.path, from, to) };
      if (i === 0) this.#create(merged(change, rename));
      else this.#append(change);
    }
    return true;
  }
}

/** Fewer changes with the same effect as `changes`. Control changes keep their place. */
export function collapse(changes: Iterable<Change>): Change[] {
  const collapser = new Collapser();
  for (const change of changes) collapser.push(change);
  return collapser.drain();
}
