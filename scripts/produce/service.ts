/** The producer of synthetic events. */
import { runsProgram } from "../host/process-tree.ts";
import type { Service } from "../host/service.ts";
import { bunCommand, migrate } from "../host/start.ts";

const PROGRAM = "scripts/produce.ts";

export const producer: Service = {
  name: "producer",
  title: "sends made-up events",
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
  readyMsMax: 90_000,
};
