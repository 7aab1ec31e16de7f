/** The producer of synthetic events. */

import { rate } from "../host/facts.ts";
import { runsProgram } from "../host/process-tree.ts";
import type { Service } from "../host/service.ts";
import { bunCommand, migrate } from "../host/start.ts";

const PROGRAM = "scripts/produce.ts";

export const producer: Service = {
  name: "producer",
  title: "sends synthetic events",
  folder: "scripts/produce",
  needs: ["kafka"],
  ports: [],
  programs: [
    {
      name: "producer",
      launch(config) {
        migrate(config, "--only", "topic");
        return { command: bunCommand(PROGRAM, "--rate", String(config.PRODUCER_RATE)) };
      },
      secrets: ["KAFKA_SASL_PASSWORD"],
      memory: { megabytesMax: 192 },
    },
  ],
  runtimes: [],
  address: () => undefined,
  probe: (_config, [process]) => runsProgram(process!.processId, PROGRAM),
  facts: async ({ PRODUCER_RATE }) =>
    `asked for ${PRODUCER_RATE === 0 ? "all it can" : rate(PRODUCER_RATE)}`,
  readyMsMax: 90_000,
};
