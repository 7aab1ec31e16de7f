/** Logs an outage once when it begins and once when it ends, however often the call is repeated. */

export interface Log {
  warn(message: string): void;
  info(message: string): void;
}

/** Wraps `load` so that its outages are logged. `what` completes the sentence "Cannot …". */
export function reportOutages<Value, Args extends unknown[] = []>(
  what: string,
  load: (...args: Args) => Promise<Value>,
  log: Log,
): (...args: Args) => Promise<Value> {
  let isOut = false;
  return async (...args) => {
    try {
      const value = await load(...args);
      if (isOut) log.info(`Can ${what} again`);
      isOut = false;
      return value;
    } catch (error) {
      if (!isOut) log.warn(`Cannot ${what}: ${error instanceof Error ? error.message : error}`);
      isOut = true;
      throw error;
    }
  };
}
