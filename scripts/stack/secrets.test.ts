import { expect, test } from "bun:test";
import { withoutSecrets } from "../host/start.ts";
import { readConfig, secretSettings } from "../lib/config.ts";
import { services } from "./services.ts";

test("withoutSecrets() keeps every setting, and of the secrets only what a program declares", () => {
  const environment = { ...Object.fromEntries(secretSettings.map((name) => [name, "x"])), A: "1" };
  expect(withoutSecrets(environment, [])).toEqual({ A: "1" });
  expect(withoutSecrets(environment, ["SUMMARY_SECRET"])).toEqual({ A: "1", SUMMARY_SECRET: "x" });
});

test("the settings of a company are whole for a program that may know none of its secrets", () => {
  const given = {
    ...{ KAFKA_SASL_MECHANISM: "plain", KAFKA_SASL_USERNAME: "me", KAFKA_SASL_PASSWORD: "x" },
    ...{ ACCESS_CLIENT_ID: "id", ACCESS_CLIENT_SECRET: "x", KAFKA_BROKERS: "kafka.example:9092" },
  };
  expect(readConfig(withoutSecrets(given, []))).toMatchObject({
    KAFKA_SASL_MECHANISM: "none",
    KAFKA_BROKERS: ["kafka.example:9092"],
  });
  expect(readConfig(withoutSecrets(given, ["KAFKA_SASL_PASSWORD"])).KAFKA_SASL_USERNAME).toBe("me");
});

test("programs keep only secrets, and no password of the owner or the administrator", () => {
  const kept = services.flatMap(({ programs, job }) =>
    [...programs, ...(job ? [job.program] : [])].flatMap(({ secrets }) => secrets),
  );
  for (const name of kept) expect(secretSettings).toContain(name);
  expect(kept).not.toContain("POSTGRES_PASSWORD");
  expect(kept).not.toContain("POSTGRES_ADMIN_PASSWORD");
});

test("each service that is generated a secret declares a setting that is one", () => {
  for (const { secrets = {}, serverSecrets = {} } of services) {
    for (const name of Object.keys({ ...secrets, ...serverSecrets })) {
      expect(secretSettings).toContain(name);
    }
  }
});
