/**
 * Watches the names above a directory, for these lead to it: none of its own events tells that one of them changed.
 */
import { type FSWatcher, watch } from 'node:fs';
import { nameOf, parentOf } from './paths.ts';

export class RootGuard {
  readonly #root: string;
  readonly #changed: () => void;
  #watchers: FSWatcher[] = [];

  /** @param changed a name on the way to `root` changed, maybe to what it was */
  constructor(root: string, changed: () => void) {
    this.#root = root;
    this.#changed = changed;
  }

  /** Watch what is there of the way now. To be called again when that changed. */
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
        // Not there (yet), or not to be read: the directory above tells when it comes.
      }
    }
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}
