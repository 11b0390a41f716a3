/** The gate's exports as functions, and the program's memory as views. */
import { AGENT_CALLBACKS, type AgentCallbackName } from '../../core/gate/agent-abi.ts';

/** Short calls that never wait for JavaScript: the engine's lock is kept. */
const BRIEF: NativeFunctionOptions = { scheduling: 'exclusive', exceptions: 'propagate' };

export class GateLibrary {
  readonly module: Module;
  readonly signal: NativeFunction<number, [number, number]>;
  readonly apply: NativeFunction<number, [number, number, NativePointer]>;
  readonly inode: NativeFunction<UInt64, [number]>;
  /** Stores a queue's pending events for its waiters, in kevent_qos' layout. */
  readonly leave: NativeFunction<number, [number, NativePointer, number]>;
  readonly gone: NativeFunction<void, []>;
  /** Merges bits into a Dispatch source; 0 if the source no longer exists. */
  readonly merge: NativeFunction<number, [number, number]>;
  readonly #watch: NativeFunction<number, [NativePointer, number, number]>;

  constructor(module: Module) {
    this.module = module;
    const at = (name: string): NativePointer => module.getExportByName(name);
    this.signal = new NativeFunction(at('shimfs_agent_signal'), 'int', ['uint32', 'int'], BRIEF);
    this.apply = new NativeFunction(at('shimfs_agent_apply'), 'int', ['uint32', 'uint32', 'pointer'], BRIEF);
    this.inode = new NativeFunction(at('shimfs_agent_inode'), 'uint64', ['int'], BRIEF);
    this.leave = new NativeFunction(at('shimfs_agent_leave'), 'int', ['uint32', 'pointer', 'uint32'], BRIEF);
    this.gone = new NativeFunction(at('shimfs_agent_gone'), 'void', [], BRIEF);
    this.merge = new NativeFunction(at('shimfs_dispatch_merge'), 'int', ['uint32', 'uint32'], BRIEF);
    this.#watch = new NativeFunction(at('shimfs_agent_watch'), 'int', ['pointer', 'uint32', 'int'], BRIEF);
  }

  /** The preloaded library, or the library loaded now. */
  static find(path: string): GateLibrary {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return new GateLibrary(Process.findModuleByName(name) ?? Module.load(path));
  }

  /** For a process that was already running. @returns number of mounts @throws Error if the process cannot be covered */
  start(session: string): number {
    const start = new NativeFunction(this.module.getExportByName('shimfs_gate_start'), 'int', ['pointer']);
    const mounts = start(Memory.allocUtf8String(session));
    if (mounts < 0)
      throw new Error(
        'the gate could not start: its line on the standard error of this process has the reason',
      );
    return mounts;
  }

  /** Start the delivery of events, on a thread of the gate. Call after `install`. */
  connect(): void {
    const connect = new NativeFunction(this.module.getExportByName('shimfs_agent_connect'), 'int', []);
    const result = connect();
    if (result < 0)
      throw new Error(
        `the host refused the agent's connection (errno ${-result}): check that the session still runs`,
      );
  }

  install(callbacks: Readonly<Record<AgentCallbackName, NativePointer>>): void {
    const table = Memory.alloc(AGENT_CALLBACKS.length * Process.pointerSize);
    AGENT_CALLBACKS.forEach(({ name }, i) => {
      table.add(i * Process.pointerSize).writePointer(callbacks[name]);
    });
    new NativeFunction(this.module.getExportByName('shimfs_agent_install'), 'void', ['pointer'])(table);
  }

  /** @returns 0 or a negative errno */
  watch(inodes: readonly number[], on: boolean): number {
    const list = Memory.alloc(inodes.length * 8);
    const view = viewOf(list, inodes.length * 8);
    inodes.forEach((ino, i) => {
      view.setBigUint64(i * 8, BigInt(ino), true);
    });
    return this.#watch(list, inodes.length, on ? 1 : 0);
  }

  /**
   * Gives the gate the address at which to call a function of the system.
   * @param hooked `original` is the only way past a hook; otherwise an address that the gate has already stays
   */
  setReal(name: string, original: NativePointer, hooked: boolean): void {
    const set = new NativeFunction(this.module.getExportByName('shimfs_set_real'), 'int', [
      'pointer',
      'pointer',
      'int',
    ]);
    set(Memory.allocUtf8String(name), original, hooked ? 1 : 0);
  }
}

const EMPTY = new DataView(new ArrayBuffer(0));

/** The program's memory itself, not a copy. */
export function viewOf(address: NativePointer, bytes: number): DataView {
  return bytes > 0 ? new DataView(ArrayBuffer.wrap(address, bytes)) : EMPTY;
}
