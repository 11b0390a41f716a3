/** What watches real directories. Replaceable, so that tests decide what is told and when. */

export interface BackendEvent {
  readonly type: 'create' | 'update' | 'delete';
  readonly path: string;
}

export interface BackendSubscription {
  unsubscribe(): Promise<void>;
}

export interface Backend {
  /** Everything below `dir`. May leave things out where directories come and go: who uses it looks for himself. */
  subscribe(
    dir: string,
    tell: (error: Error | null, events: readonly BackendEvent[]) => void,
  ): Promise<BackendSubscription>;
}

/** FSEvents, inotify, ReadDirectoryChangesW or kqueue, whichever is there. */
export const parcelBackend: Backend = {
  async subscribe(dir, tell) {
    const { default: parcel } = await import('@parcel/watcher');
    return parcel.subscribe(dir, (error, events) => tell(error, events ?? []));
  },
};
