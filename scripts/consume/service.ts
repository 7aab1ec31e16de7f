/** The consumer, which counts the events of the topic in the tables. */
import { metricSum, perSecond, rate, whole } from "../host/facts.ts";
import type { Service } from "../host/service.ts";
import { bunCommand, migrate } from "../host/start.ts";
import { describeToRemove, readTotals } from "../ledger/ledger.ts";
import type { Config } from "../lib/config.ts";
import { connect } from "../lib/postgres.ts";
import { answersHealthCheck } from "../lib/probe.ts";
import { localAddress } from "../lib/web-address.ts";

export const consumer: Service = {
  name: "consumer",
  title: "counts events",
  folder: "scripts/consume",
  needs: ["kafka", "postgres"],
  ports: ["CONSUMER_METRICS_PORT"],
  programs: [
    {
      name: "consumer",
      launch(config) {
        migrate(config);
        return { command: bunCommand("scripts/consume.ts") };
      },
      secrets: ["POSTGRES_INGEST_PASSWORD", "KAFKA_SASL_PASSWORD"],
      memory: { megabytesMax: 576 },
    },
  ],
  runtimes: [],
  data: "horizon",
  address: (config) => `${localAddress(config.CONSUMER_METRICS_PORT)}/metrics`,
  probe: (config) => answersHealthCheck(localAddress(config.CONSUMER_METRICS_PORT)),
  facts: consumerFacts,
  readyMsMax: 90_000,
};

async function consumerFacts(config: Config): Promise<string> {
  const toRemove = eventsTakenBack(config).catch(() => undefined);
  let waiting = 0;
  const stored = await perSecond(async () => {
    const response = await fetch(`${localAddress(config.CONSUMER_METRICS_PORT)}/metrics`);
    const metrics = await response.text();
    waiting = metricSum(metrics, "rtdp_lag_records");
    return metricSum(metrics, "rtdp_events_stored_total");
  });
  const remark = await toRemove;
  return `${rate(stored)}, ${whole(waiting)} waiting${remark === undefined ? "" : `; ${remark}`}`;
}

/** Which events the tables still hold although they are taken back, in words. */
async function eventsTakenBack(config: Config): Promise<string | undefined> {
  const sql = connect(config, "read", { applicationName: "status" });
  try {
    return describeToRemove(await readTotals(sql, config));
  } finally {
    await sql.end({ timeout: 1 });
  }
}
