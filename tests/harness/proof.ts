/** What the product's own proofs say of a place: each must find all in order. */
import { expect } from "bun:test";
import type { Place } from "./platform.ts";
import { run } from "./script.ts";

/** `verify` holds, with the log read again. */
export async function expectVerified({ environment }: Place): Promise<void> {
  const verified = await run(environment, "scripts/verify.ts", ["--recount"]);
  expect(verified.stdout).toContain("Every event counts once");
  expect(verified.exitCode).toBe(0);
}

/** `verify` holds, and a replay would change nothing. */
export async function expectProved(place: Place): Promise<void> {
  await expectVerified(place);
  const replayed = await run(place.environment, "scripts/replay.ts", ["--check"]);
  expect(replayed.stdout).not.toContain("differ");
  expect([replayed.stderr, replayed.exitCode]).toEqual(["", 0]);
}
