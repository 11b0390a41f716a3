/**
 * Watches the directories above a watched root: events of the root itself do not report that one of its ancestors was
 * renamed.
 */
import { type FSWatcher, watch } from 'node:fs';
import { nameOf, parentOf } from './paths.ts';

export class RootGuard {
  readonly #root: string;
  readonly #changed: () => void;
  #watchers: FSWatcher[] = [];

  /** @param changed called after a name on the path to `root` changed, possibly back to its former state */
  constructor(root: string, changed: () => void) {
    this.#root = root;
    this.#changed = changed;
  }

  /** Watches the existing part of the path. Call again after a change. */
  arm(): void {
    this.close();
    for (let child = this.#root; child !== '/'; child = parentOf(child)) {
      const name = nameOf(child);
      try {
        const watcher = watch(parentOf(child), { persistent: false }, (_kind, changed) => {
          if (changed === null || changed === name) this.#changed();
        });
        watcher.on('error', () => this.#changed());
        this.#watchers.push(watcher);
      } catch {
        // Missing or unreadable: the directory above reports when it is created.
      }
    }
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}
