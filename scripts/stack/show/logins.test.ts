import { expect, test } from "bun:test";
import { readConfig } from "../../lib/config.ts";
import { services } from "../services.ts";
import { loginLines, newLogins } from "./logins.ts";

const config = readConfig({ AIRFLOW_ADMIN_PASSWORD: "first", SUPERSET_ADMIN_PASSWORD: "second" });

test("loginLines() gives address, name and password of each service that has a login", () => {
  expect(loginLines(config, services)).toEqual([
    "airflow   http://127.0.0.1:8080  admin  first",
    "superset  http://127.0.0.1:8088  admin  second",
  ]);
});

test("newLogins() leaves a service out when its password was there before", () => {
  const names = newLogins(services, ["SUPERSET_ADMIN_PASSWORD", "POSTGRES_PASSWORD"]);
  expect(names.map(({ name }) => name)).toEqual(["superset"]);
});
