import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { freePorts } from "../host/free-ports.ts";
import { readConfig } from "./config.ts";
import { serveMetrics } from "./http.ts";

test("/healthz tells what a program waits for, and since when, until it works again", async () => {
  const [port = 0] = await freePorts(1);
  let missing: string | undefined;
  const server = await serveMetrics({
    config: readConfig({ PRODUCER_METRICS_PORT: String(port) }),
    setting: "PRODUCER_METRICS_PORT",
    registry: new Registry(),
    health: () => ({ waitingFor: missing, warnings: ["little room"] }),
  });
  const health = async (): Promise<Record<string, unknown>> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/healthz`);
    return { status: response.status, ...((await response.json()) as object) };
  };
  try {
    expect(await health()).toEqual({ status: 200, ok: true, warnings: ["little room"] });
    missing = "Kafka";
    const first = await health();
    expect(first).toMatchObject({ status: 503, ok: false, waitingFor: "Kafka" });
    missing = "PostgreSQL";
    expect(await health()).toEqual({ ...first, waitingFor: "PostgreSQL" });
    missing = undefined;
    expect(await health()).toEqual({ status: 200, ok: true, warnings: ["little room"] });
  } finally {
    server.close();
  }
});
