/** Says once that something fails and once that it works again, however often it is tried. */

export interface Log {
  warn(message: string): void;
  info(message: string): void;
}

/** `load` with its outages written to the log; `what` completes the sentence "Cannot …". */
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
