/** compose.yaml says again what supervisord.conf and services.ts say: here they are compared. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { secretNames } from "../host/environment.ts";
import { type Config, ROOT, readConfig, settingNames } from "../lib/config.ts";
import { clientPorts, programsOf, services } from "../stack/services.ts";

interface Container {
  image: string;
  command?: string[];
  env_file?: string;
  ports?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[]; start_period: string };
  network_mode?: string;
  restart?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  logging?: { driver: string; options: Record<string, string> };
  mem_limit: string;
  profiles?: string[];
  stop_signal?: string;
  stop_grace_period?: string;
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const text = read("compose.yaml");
const containers = (Bun.YAML.parse(text) as { services: Record<string, Container> }).services;
const config = readConfig({});

/** The settings of each program in supervisord.conf. */
const supervised = new Map(
  [...read("supervisord.conf").matchAll(/^\[program:(.+)\]\n((?:.+\n)+)/gm)].map(
    ([, name = "", lines = ""]) => [
      name,
      Object.fromEntries(
        lines
          .trim()
          .split("\n")
          .map((line) => line.split(/=(.*)/s, 2)),
      ),
    ],
  ),
);

const started = services.filter(({ isOptional }) => !isOptional);
const programs = started.flatMap((service) =>
  programsOf(service).map((name) => ({ name, service, container: containers[name]! })),
);
const seconds = (duration: string | undefined) => Number(/^(\d+)s$/.exec(duration ?? "")?.[1]);
/** Of a limit that belongs to a machine of 8 GB, so without what puts it out of reach. */
const bytesIn = (limit: string) =>
  Number(/^(?:\$\{\w+:\+99\})*(\d+)m$/.exec(limit)?.[1]) * 1_048_576;

test("compose.yaml has a container for each program that up starts, and its helpers", () => {
  const helpers = ["setup", "network", "gate", "cloudflared"];
  const expected = [...programs.map(({ name }) => name), ...helpers];
  expect(Object.keys(containers).toSorted()).toEqual(expected.toSorted());
});

test("compose.yaml starts and stops each program as supervisord does", () => {
  for (const { name, container } of programs) {
    const { command, stopsignal = "TERM", stopwaitsecs } = supervised.get(name)!;
    expect([name, container.command!.join(" ")]).toEqual([
      name,
      command!.replace("%(here)s/", "").replaceAll('"', ""),
    ]);
    expect([name, container.stop_signal ?? "SIGTERM"]).toEqual([name, `SIG${stopsignal}`]);
    expect(seconds(container.stop_grace_period)).toBeGreaterThanOrEqual(Number(stopwaitsecs));
  }
});

test("compose.yaml lets each program wait for what it needs until that works", () => {
  const programOf = (need: string) => programsOf(services.find(({ name }) => name === need)!);
  for (const { name, service, container } of programs) {
    const healthy = Object.entries(container.depends_on!)
      .filter(([, { condition }]) => condition === "service_healthy")
      .map(([need]) => need);
    expect([name, healthy.toSorted()]).toEqual([name, service.needs.flatMap(programOf).toSorted()]);
    expect(container.depends_on!.setup!.condition).toBe("service_completed_successfully");
  }
});

test("compose.yaml asks each program by its own probe, and gives it as long to start as up does", () => {
  for (const { name, service, container } of programs) {
    const { test: asked, start_period } = container.healthcheck!;
    expect(asked).toEqual([
      ...["CMD", "bun", "--env-file=/state/.env", "scripts/compose/healthy.ts"],
      name,
    ]);
    expect([name, seconds(start_period) * 1_000]).toEqual([name, service.readyMsMax]);
  }
  expect(containers.gate!.healthcheck!.test.slice(-2)).toEqual([
    "scripts/compose/healthy.ts",
    "gate",
  ]);
});

test("compose.yaml hands on every setting that it does not give itself", () => {
  const { env_file, environment } = containers.kafka!;
  const [, ...handed] = read(env_file!).trim().split("\n");
  const given = Object.keys(environment!);
  expect(handed).toEqual(settingNames.filter((name) => !given.includes(name)));
  for (const { container } of programs) expect(container).toMatchObject({ env_file, environment });
  expect(containers.setup).toMatchObject({ env_file, environment });
});

test("compose.yaml keeps of each container's log what supervisord keeps", () => {
  const { stdout_logfile_maxbytes, stdout_logfile_backups } = supervised.get("consumer")!;
  const options = {
    "max-size": stdout_logfile_maxbytes!.replace("MB", "m"),
    "max-file": String(Number(stdout_logfile_backups) + 1),
  };
  for (const { logging } of Object.values(containers)) {
    expect(logging).toEqual({ driver: "json-file", options });
  }
});

test("compose.yaml publishes the ports of the services, to this machine only, by their settings", () => {
  const published = clientPorts.map((setting) => `\${${setting}:-${config[setting]}}`);
  expect(containers.network!.ports!.toSorted()).toEqual(
    published.map((port) => `127.0.0.1:${port}:${port}`).toSorted(),
  );
  for (const { container } of programs) {
    const handed = clientPorts.map((setting) => container.environment![setting]);
    expect(handed).toEqual(published);
  }
});

test("compose.yaml lets no container open a port, gain a right or write outside its volumes", () => {
  for (const [name, container] of Object.entries(containers)) {
    const { read_only, cap_drop, security_opt } = container;
    expect({ name, read_only, cap_drop, security_opt }).toEqual({
      ...{ name, read_only: true, cap_drop: ["ALL"] },
      security_opt: ["no-new-privileges:true"],
    });
    if (name !== "network") expect([name, container.ports]).toEqual([name, undefined]);
    if (["setup", "network"].includes(name)) continue;
    expect([name, container.network_mode]).toEqual([name, "service:network"]);
    expect([name, container.restart]).toEqual([name, "unless-stopped"]);
  }
});

test("compose.yaml fits a machine of 8 GB", () => {
  const atOnce = Object.entries(containers).filter(([name]) => name !== "setup");
  const sum = atOnce.reduce((total, [, { mem_limit }]) => total + bytesIn(mem_limit), 0);
  expect(sum).toBeGreaterThan(0);
  expect(sum).toBeLessThan(7_000_000_000);
});

test("compose.yaml puts the limit of a program out of reach that is let take more", () => {
  const scaled = readConfig({ MEMORY_SCALE: "2" });
  const settings = (Object.keys(config) as (keyof Config)[]).filter(
    (name) => Number(scaled[name]) > Number(config[name]) && name !== "MEMORY_SCALE",
  );
  expect(settings).toContain("KAFKA_HEAP_MB");
  for (const setting of settings) {
    const [service = ""] = setting.toLowerCase().split("_");
    const name = service === "airflow" ? "airflow-scheduler" : service;
    const outOfReach = `\${MEMORY_SCALE:+99}\${${setting}:+99}`;
    expect([setting, containers[name]!.mem_limit.startsWith(outOfReach)]).toEqual([setting, true]);
  }
});

test("compose.yaml holds no secret and raises no limit of the machine", () => {
  for (const name of secretNames) expect(text).not.toContain(name);
  const { TUNNEL_TOKEN } = containers.cloudflared!.environment!;
  expect(TUNNEL_TOKEN).toMatch(/^\$\{CLOUDFLARE_TUNNEL_TOKEN:-\}$/);
  expect(text).not.toMatch(/ulimits|privileged|cap_add/);
});

test("the image brings the Bun of package.json", () => {
  const { dependencies } = JSON.parse(read("package.json"));
  expect(read(".devcontainer/Dockerfile")).toContain(` bun@${dependencies.bun} `);
});
