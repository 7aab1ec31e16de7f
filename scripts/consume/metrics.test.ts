import { expect, test } from "bun:test";
import { readConfig } from "../lib/config.ts";
import { sum } from "../lib/sum.ts";
import { dependenciesOf } from "./dependencies.ts";
import { ConsumerMetrics } from "./metrics.ts";

async function lagOf(metrics: ConsumerMetrics): Promise<number> {
  const { values } = await metrics.registry.getSingleMetric("rtdp_lag_records")!.get();
  return sum(values.map(({ value }) => value));
}

test("the lag counts what is stored before a start, and nothing once a partition is taken away", async () => {
  const metrics = new ConsumerMetrics(dependenciesOf(readConfig({})));
  metrics.opened(0, 278);
  metrics.read(0, 278);
  expect(await lagOf(metrics)).toBe(0);
  metrics.read(0, 280);
  expect(await lagOf(metrics)).toBe(2);
  metrics.forget(0);
  expect(await lagOf(metrics)).toBe(0);
});
