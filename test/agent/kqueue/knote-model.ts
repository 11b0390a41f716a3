/**
 * The rules of knotes in their simplest form: a list of records that is searched linearly, and an array as queue.
 */
export interface ModelKnote {
  fd: number;
  ino: number;
  udata: number;
  specific: boolean;
  /** As echoed: the flags of the first EV_ADD, and system flags. */
  flags: number;
  wantsVanished: boolean;
  mask: number;
  fflags: number;
  enabled: boolean;
  state: 'alive' | 'vanished' | 'delivered-vanished' | 'deferred';
  order: number;
  closed: boolean;
}

export interface ModelChange {
  fd: number;
  flags: number;
  fflags: number;
  udata: number;
}

const [ADD, DELETE, ENABLE, DISABLE, ONESHOT, CLEAR, DISPATCH, SPECIFIC, VANISHED, EOF] = [
  1, 2, 4, 8, 0x10, 0x20, 0x80, 0x100, 0x200, 0x8000,
];

export class KnoteModel {
  knotes: ModelKnote[] = [];
  queue: ModelKnote[] = [];
  revoked = false;
  #registered = 0;
  readonly open: Map<number, number>;
  readonly native: boolean;

  constructor(open: Map<number, number>, native: boolean) {
    this.open = open;
    this.native = native;
  }

  /** @returns errno, or undefined if the change goes to the kernel */
  change(change: ModelChange): number | undefined {
    let { flags } = change;
    const specific = (flags & SPECIFIC) !== 0;
    const ino = this.open.get(change.fd);
    const same = (k: ModelKnote) =>
      k.fd === change.fd && k.specific === specific && (!specific || k.udata === change.udata);
    let knote = this.knotes.find(same);
    const adding = (flags & ADD) !== 0 && (flags & DELETE) === 0;
    if (knote !== undefined && adding && (knote.closed || ino !== knote.ino)) {
      this.#remove(knote);
      knote = undefined;
    }
    if (knote === undefined && ino === undefined) return undefined;

    if (flags & VANISHED && !(flags & ADD && flags & DISPATCH && flags & SPECIFIC)) return 22;
    if (flags & DELETE) flags &= ~ADD;
    if (flags & DISABLE) flags &= ~ENABLE;

    if (knote === undefined) {
      if (!(flags & ADD)) return 2;
      this.knotes.push({
        ...{ fd: change.fd, ino: ino!, udata: change.udata, specific, mask: change.fflags, fflags: 0 },
        flags: flags & ~(VANISHED | 0xf000),
        wantsVanished: (flags & VANISHED) !== 0,
        enabled: !(flags & DISABLE),
        state: 'alive',
        order: this.#registered++,
        closed: false,
      });
      return 0;
    }
    if (flags & DELETE) {
      if (!knote.enabled && knote.flags & DISPATCH && knote.specific && !(flags & ENABLE)) {
        knote.state = 'deferred';
        return 115;
      }
      this.#remove(knote);
      return 0;
    }
    if (knote.state === 'alive') {
      knote.mask = change.fflags;
      if (!specific) knote.udata = change.udata;
      if (knote.flags & EOF && knote.mask & 0x40) knote.fflags |= 0x40;
    }
    if (flags & DISABLE) knote.enabled = false;
    if (flags & ENABLE) knote.enabled = true;
    this.#place(knote);
    return 0;
  }

  post(ino: number, hint: number): void {
    const watchers = this.knotes.filter((k) => k.ino === ino && k.state === 'alive');
    for (const knote of watchers.sort((a, b) => b.order - a.order)) {
      if (hint & knote.mask) knote.fflags |= this.native ? hint : hint & knote.mask;
      this.#place(knote);
    }
  }

  close(fd: number): void {
    for (const knote of this.knotes.filter((k) => k.fd === fd).reverse()) {
      if (!knote.wantsVanished) this.#remove(knote);
      else if (knote.state === 'alive' && !knote.closed) {
        knote.state = 'vanished';
        this.#place(knote);
      }
      knote.closed = true;
    }
    this.open.delete(fd);
  }

  /** @returns [fd, udata, flags, fflags] of each event */
  collect(capacity: number): number[][] {
    const told: number[][] = [];
    const requeued: ModelKnote[] = [];
    while (told.length < capacity && this.queue.length > 0) {
      const knote = this.queue.shift()!;
      if (knote.state === 'deferred' || knote.state === 'delivered-vanished') {
        told.push([knote.fd, knote.udata, DELETE | DISPATCH | SPECIFIC | ONESHOT, 0]);
        this.#remove(knote);
        continue;
      }
      if (knote.state === 'vanished') {
        told.push([knote.fd, knote.udata, 0x390, 0]);
        knote.state = 'delivered-vanished';
        knote.enabled = false;
        continue;
      }
      told.push([knote.fd, knote.udata, knote.flags, knote.fflags]);
      if (knote.flags & CLEAR) knote.fflags = 0;
      if (knote.flags & ONESHOT) {
        if (knote.flags & DISPATCH && knote.specific) {
          knote.state = 'deferred';
          knote.enabled = false;
        } else this.#remove(knote);
      } else if (knote.flags & DISPATCH) knote.enabled = false;
      else if (!(knote.flags & CLEAR)) requeued.push(knote);
    }
    this.queue.push(...requeued);
    return told;
  }

  #remove(knote: ModelKnote): void {
    this.knotes = this.knotes.filter((k) => k !== knote);
    this.queue = this.queue.filter((k) => k !== knote);
  }

  #place(knote: ModelKnote): void {
    const active = knote.state !== 'alive' || knote.fflags !== 0 || (knote.flags & EOF) !== 0;
    if (!active || !knote.enabled) this.queue = this.queue.filter((k) => k !== knote);
    else if (!this.queue.includes(knote)) this.queue.push(knote);
  }
}
