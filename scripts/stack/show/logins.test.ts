import { expect, test } from "bun:test";
import type { Service } from "../../host/service.ts";
import { readConfig } from "../../lib/config.ts";
import { loginLines, newLogins } from "./logins.ts";

const config = readConfig({ AIRFLOW_ADMIN_PASSWORD: "first", SUPERSET_ADMIN_PASSWORD: "second" });

const service = (name: string, port: number, login?: Service["login"]): Service => ({
  ...{ name, title: "", folder: name, needs: [], ports: [], programs: [], runtimes: [] },
  readyMsMax: 1,
  address: () => `http://127.0.0.1:${port}`,
  probe: async () => {},
  ...(login && { login }),
});
const services = [
  service("short", 80, { user: "admin", setting: "AIRFLOW_ADMIN_PASSWORD" }),
  service("open", 81),
  service("much-longer", 8082, { user: "me", setting: "SUPERSET_ADMIN_PASSWORD" }),
];

test("loginLines() gives address, name and password of each service that has a login", () => {
  expect(loginLines(config, services)).toEqual([
    "short        http://127.0.0.1:80    admin  first",
    "much-longer  http://127.0.0.1:8082  me     second",
  ]);
});

test("newLogins() leaves a service out when its password was there before", () => {
  const names = newLogins(services, ["SUPERSET_ADMIN_PASSWORD", "POSTGRES_PASSWORD"]);
  expect(names.map(({ name }) => name)).toEqual(["much-longer"]);
});
