/** The producer of synthetic events. */

import { metricSum, perSecond, rate, whole } from "../host/facts.ts";
import type { Service } from "../host/service.ts";
import { bunCommand, migrate } from "../host/start.ts";
import type { Config } from "../lib/config.ts";
import { answersHealthCheck } from "../lib/probe.ts";
import { localAddress } from "../lib/web-address.ts";

const PROGRAM = "scripts/produce.ts";

export const producer: Service = {
  name: "producer",
  title: "sends synthetic events",
  folder: "scripts/produce",
  needs: ["kafka"],
  ports: ["PRODUCER_METRICS_PORT"],
  programs: [
    {
      name: "producer",
      launch(config) {
        migrate(config, "--only", "topic");
        return { command: bunCommand(PROGRAM, "--rate", String(config.PRODUCER_RATE)) };
      },
      secrets: ["KAFKA_SASL_PASSWORD"],
      memory: { megabytesMax: 160 },
    },
  ],
  runtimes: [],
  address: (config) => `${localAddress(config.PRODUCER_METRICS_PORT)}/metrics`,
  probe: (config) => answersHealthCheck(localAddress(config.PRODUCER_METRICS_PORT)),
  facts: producerFacts,
  readyMsMax: 90_000,
};

async function producerFacts(config: Config): Promise<string> {
  let pending = 0;
  const sent = await perSecond(async () => {
    const response = await fetch(`${localAddress(config.PRODUCER_METRICS_PORT)}/metrics`);
    const metrics = await response.text();
    pending = metricSum(metrics, "rtdp_events_pending");
    return metricSum(metrics, "rtdp_events_sent_total");
  });
  const wanted = config.PRODUCER_RATE === 0 ? "all it can" : rate(config.PRODUCER_RATE);
  return `${rate(sent)} of ${wanted}, ${whole(pending)} waiting`;
}
