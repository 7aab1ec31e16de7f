import { expect, test } from "bun:test";
import { OutageError } from "../kafka/failure.ts";
import type { Kafka, MemberEvents } from "../kafka/log.ts";
import { readConfig } from "../lib/config.ts";
import type { Sql } from "../lib/postgres.ts";
import { until } from "../lib/wait.ts";
import { dependenciesOf } from "./dependencies.ts";
import { GroupMember } from "./member.ts";
import { ConsumerMetrics } from "./metrics.ts";

/** A member with a scripted Kafka, whose database is never reached. */
function assemble(logState: Kafka["logState"]) {
  const config = readConfig({});
  const dependencies = dependenciesOf(config);
  const metrics = new ConsumerMetrics(dependencies);
  let events: MemberEvents | undefined;
  const kafka = {
    logState,
    member: (_options: unknown, given: MemberEvents) => {
      events = given;
      return {
        join: async () => given.assigned([0, 1]),
        pause() {},
        fetchFrom() {},
        commit: async () => {},
        leave: async () => {},
      };
    },
  } as unknown as Kafka;
  const sql = (() => expect.unreachable("the database was asked")) as unknown as Sql;
  const member = new GroupMember({ config, kafka, sql, metrics, dependencies });
  return { member, metrics, events: () => events as MemberEvents };
}

const away = () => Promise.reject(new OutageError("Cannot reach Kafka: refused", "refused"));

test("GroupMember waits for Kafka, and counts that, when Kafka goes away while it opens", async () => {
  const { member, metrics } = assemble(away);
  expect(member.waitingFor).toBe("membership in the consumer group");
  await member.start();
  await until("the outage is noted", 5_000, async () => expect(member.waitingFor).toBe("Kafka"));
  const counted = await metrics.registry.getSingleMetricAsString("rtdp_outage_retries_total");
  expect(counted).toMatch(/service="kafka"} [1-9]/);
  expect(counted).toContain('service="postgres"} 0');
  await member.stop();
  await member.ended;
});

test("GroupMember waits for its partitions while Kafka and the database answer", async () => {
  const { member, events } = assemble(() => new Promise(() => {}));
  await member.start();
  expect(member.waitingFor).toBe("its partitions");
  events().rebalancing?.();
  expect(member.waitingFor).toBe("membership in the consumer group");
  await member.stop();
});

test("GroupMember ends when Kafka refuses it", async () => {
  const { member, events } = assemble(away);
  events().ended(new Error("Cannot log in"));
  await expect(member.ended).rejects.toThrow("Cannot log in");
  await member.stop();
});
