/** compose.yaml repeats what the services declare: here the two are compared. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { programNames } from "../host/service.ts";
import { ROOT, readConfig, secretSettings, settingNames } from "../lib/config.ts";
import { sum } from "../lib/sum.ts";
import { named } from "../stack/order.ts";
import { clientPorts } from "../stack/ports.ts";
import { services } from "../stack/services.ts";
import { LOG } from "../stack/supervise/supervisor-conf.ts";

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

const ports = clientPorts(services);
const programs = named(services, []).flatMap((service) =>
  service.programs.map((program) => ({
    ...{ name: program.name, service, program },
    container: containers[program.name]!,
  })),
);
const seconds = (duration: string | undefined) => Number(/^(\d+)s$/.exec(duration ?? "")?.[1]);
/** The limit for a machine of 8 GB, without the prefix that puts it out of reach. */
const bytesIn = (limit: string) =>
  Number(/^(?:\$\{\w+:\+99\})*(\d+)m$/.exec(limit)?.[1]) * 1_048_576;

test("compose.yaml has a container for each program that up starts, and its helpers", () => {
  const helpers = ["setup", "network", "gate", "cloudflared"];
  const expected = [...programs.map(({ name }) => name), ...helpers];
  expect(Object.keys(containers).toSorted()).toEqual(expected.toSorted());
});

test("compose.yaml starts and stops each program as the supervisor does", () => {
  for (const { name, program, container } of programs) {
    const { stopSignal = "TERM", stopSecondsMax = 30 } = program;
    expect(container.command).toEqual(["scripts/start", name]);
    expect([name, container.stop_signal ?? "SIGTERM"]).toEqual([name, `SIG${stopSignal}`]);
    expect(seconds(container.stop_grace_period)).toBeGreaterThanOrEqual(stopSecondsMax);
  }
});

test("compose.yaml lets each program wait for what it needs until that works", () => {
  const programOf = (need: string) => programNames(services.find(({ name }) => name === need)!);
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

test("compose.yaml keeps as much of each container's log as the supervisor does", () => {
  const options = { "max-size": `${LOG.megabytesMax}m`, "max-file": String(LOG.files) };
  for (const { logging } of Object.values(containers)) {
    expect(logging).toEqual({ driver: "json-file", options });
  }
});

test("compose.yaml publishes the ports of the services, to this machine only, by their settings", () => {
  const published = ports.map((setting) => `\${${setting}:-${config[setting]}}`);
  expect(containers.network!.ports!.toSorted()).toEqual(
    published.map((port) => `127.0.0.1:${port}:${port}`).toSorted(),
  );
  for (const { container } of programs) {
    const handed = ports.map((setting) => container.environment![setting]);
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
  const bytes = sum(atOnce.map(([, { mem_limit }]) => bytesIn(mem_limit)));
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(7_000_000_000);
});

test("compose.yaml limits the memory of each program, and of none that is given more", () => {
  for (const { name, program, container } of programs) {
    const { megabytesMax, growsWith } = program.memory;
    // Compose cannot multiply; 99 or 9999 before a limit puts it out of reach.
    const outOfReach = growsWith ? `\${MEMORY_SCALE:+99}\${${growsWith}:+99}` : "";
    expect([name, container.mem_limit]).toEqual([name, `${outOfReach}${megabytesMax}m`]);
  }
});

test("each setting that grows with MEMORY_SCALE lifts the limit of a program", () => {
  const scaled = readConfig({ MEMORY_SCALE: "2" });
  const settings = settingNames.filter(
    (name) =>
      name !== "MEMORY_SCALE" &&
      Number(scaled[name as "KAFKA_PORT"]) > Number(config[name as "KAFKA_PORT"]),
  );
  const declared = programs.flatMap(({ program }) => program.memory.growsWith ?? []);
  expect(settings.toSorted()).toEqual(declared.toSorted());
});

test("compose.yaml holds no secret and raises no limit of the machine", () => {
  for (const name of secretSettings.filter((each) => each !== "CLOUDFLARE_TUNNEL_TOKEN"))
    expect(text).not.toContain(name);
  const { TUNNEL_TOKEN } = containers.cloudflared!.environment!;
  expect(TUNNEL_TOKEN).toMatch(/^\$\{CLOUDFLARE_TUNNEL_TOKEN:-\}$/);
  expect(text).not.toMatch(/ulimits|privileged|cap_add/);
});

test("the image has the Bun of package.json", () => {
  const { dependencies } = JSON.parse(read("package.json"));
  expect(read(".devcontainer/Dockerfile")).toContain(` bun@${dependencies.bun} `);
});
