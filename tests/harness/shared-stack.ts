/**
 * Stacks that several test files use, one file after the other. `bun run test` runs such files in
 * one process; a file that runs alone starts what it needs. bunfig.toml loads this file before all
 * others, so that its `afterAll` comes after the last of them.
 */
import { afterAll } from "bun:test";
import type { Stack, StackOptions } from "./stack.ts";

const STOP_MS_MAX = 300_000;

const started = new Map<string, Promise<Stack>>();

/** The stack of that name, started with these options by the first file that asks for it. */
export function sharedStack(name: string, options: StackOptions): Promise<Stack> {
  const found = started.get(name);
  if (found) return found;
  const starting = start(options);
  started.set(name, starting);
  // The next file tries again: the cause may have passed by then.
  starting.catch(() => started.delete(name));
  return starting;
}

/** Loaded on demand: unit tests load this file, too. */
const start = async (options: StackOptions) => (await import("./stack.ts")).startStack(options);

afterAll(async () => {
  const stacks = await Promise.allSettled(started.values());
  await Promise.all(
    stacks.map(async (stack) => {
      if (stack.status === "fulfilled") await stack.value.stop();
    }),
  );
}, STOP_MS_MAX);
