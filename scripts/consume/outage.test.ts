import { expect, test } from "bun:test";
import { OutageError } from "../kafka/failure.ts";
import { readConfig } from "../lib/config.ts";
import { Outages } from "./outage.ts";

function observed() {
  const failures: string[] = [];
  const outages = new Outages(readConfig({}), (service) => failures.push(service));
  return { outages, failures };
}

const kafkaAway = new OutageError("Cannot reach Kafka: refused", "refused");
const databaseAway = Object.assign(new Error("away"), { code: "ECONNREFUSED" });

test("watch() notes the outage under the service that the work asked", async () => {
  const { outages, failures } = observed();
  const attempt = (service: "kafka" | "postgres", error: Error) =>
    outages.watch(service, () => Promise.reject(error)).catch(() => {});
  await attempt("kafka", kafkaAway);
  expect(outages.waitingFor).toBe("Kafka");
  await attempt("postgres", databaseAway);
  await attempt("postgres", databaseAway);
  expect(outages.waitingFor).toBe("Kafka and PostgreSQL");
  expect(failures).toEqual(["kafka", "postgres", "postgres"]);
  await outages.watch("kafka", async () => {});
  expect(outages.waitingFor).toBe("PostgreSQL");
  outages.answered("postgres");
  expect(outages.waitingFor).toBeUndefined();
});

test("watch() passes other errors on, and notes no outage", async () => {
  const { outages, failures } = observed();
  const missing = Object.assign(new Error("no such table"), { code: "42P01" });
  await expect(outages.watch("postgres", () => Promise.reject(missing))).rejects.toBe(missing);
  expect([outages.waitingFor, failures]).toEqual([undefined, []]);
});

test("watch() notes no outage when the database has let another transaction go first", async () => {
  const { outages, failures } = observed();
  const deadlock = Object.assign(new Error("deadlock detected"), { code: "40P01" });
  await expect(outages.watch("postgres", () => Promise.reject(deadlock))).rejects.toBe(deadlock);
  expect([outages.waitingFor, failures]).toEqual([undefined, []]);
});
