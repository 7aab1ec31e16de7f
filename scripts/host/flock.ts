/** The kernel's lock on an open file, which ends with the process that holds it, however it ends. */
import { dlopen } from "bun:ffi";

const LIBRARY = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";

/** These numbers are the same on Linux and macOS. */
const MODES = { shared: 1, exclusive: 2 };
const NOT_BLOCKING = 4;

const { symbols } = dlopen(LIBRARY, { flock: { args: ["i32", "i32"], returns: "i32" } });

/** Takes the lock if nobody holds it in a way that excludes this one. Closing the file releases it. */
export const tryLock = (descriptor: number, mode: keyof typeof MODES): boolean =>
  symbols.flock(descriptor, MODES[mode] | NOT_BLOCKING) === 0;
