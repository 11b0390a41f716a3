/** The watcher of real directories. Replaceable, so that tests control its reports. */

export interface BackendEvent {
  readonly type: 'create' | 'update' | 'delete';
  readonly path: string;
}

/** A running watch of a backend. */
export interface BackendSubscription {
  unsubscribe(): Promise<void>;
}

/** A native watcher of directories. */
export interface Backend {
  /** Watches everything below `dir`. May miss events where directories are created and removed: SharedWatch checks for itself. */
  subscribe(
    dir: string,
    report: (error: Error | null, events: readonly BackendEvent[]) => void,
  ): Promise<BackendSubscription>;
}

/** FSEvents, inotify, ReadDirectoryChangesW or kqueue, as available. */
export const parcelBackend: Backend = {
  async subscribe(dir, report) {
    const { default: parcel } = await import('@parcel/watcher');
    return parcel.subscribe(dir, (error, events) => report(error, events ?? []));
  },
};
