/** Says in `Server-Timing` how long a copy took to get, and how old it is. */
import type { Context } from "hono";
import type { LastGood, Reading } from "../freshness/last-good.ts";

export async function timedRead<Value>(
  context: Context,
  copies: LastGood<Value>,
): Promise<Reading<Value> | undefined> {
  const startedAtMs = Date.now();
  const reading = await copies.read();
  const timings = [`keeper;desc="waited for the keeper";dur=${Date.now() - startedAtMs}`];
  if (reading) timings.push(`origin;desc="age of the numbers";dur=${Math.ceil(reading.ageMs)}`);
  context.header("server-timing", timings.join(", "));
  return reading;
}
