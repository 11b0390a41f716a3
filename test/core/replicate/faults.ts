/** Processes that die and systems that fail, at any point at which a replicator awaits a call. */

export interface Faults {
  /** Calls until the process dies; Infinity: never. */
  killAfter: number;
  /** Whether the call in which it dies still takes effect. */
  late: boolean;
  /** Whether the next call fails. */
  fail(): boolean;
  killed: boolean;
}

const never = new Promise<never>(() => {});

/** `object` with `faults` injected into all methods that return promises. Calls of a dead process never return. */
export function suffering<T extends object>(object: T, faults: Faults): T {
  const call = async (method: (...args: unknown[]) => unknown, args: unknown[]): Promise<unknown> => {
    if (faults.killed) return never;
    if (--faults.killAfter <= 0) {
      faults.killed = true;
      if (faults.late) await Promise.resolve(method.apply(object, args)).catch(() => {});
      return never;
    }
    if (faults.fail()) throw Object.assign(new Error('EIO: made up'), { code: 'EIO' });
    const result = await method.apply(object, args);
    return faults.killed ? never : result;
  };
  async function* chunks(method: (...args: unknown[]) => unknown, args: unknown[]): AsyncGenerator<unknown> {
    for await (const chunk of method.apply(object, args) as AsyncIterable<unknown>) {
      await call(() => Promise.resolve(), []);
      yield chunk;
    }
  }
  return new Proxy(object, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown;
      if (typeof value !== 'function') return value;
      const method = value as (...args: unknown[]) => unknown;
      if (name === 'read') return (...args: unknown[]) => chunks(method, args);
      return (...args: unknown[]) => call(method, args);
    },
  });
}
