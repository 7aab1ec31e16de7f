/** cloudflared/config.example.yml, the guide and the settings agree. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, readConfig, settingNames } from "../lib/config.ts";

interface Rule {
  hostname?: string;
  service: string;
}

const read = (name: string) => readFileSync(join(ROOT, "cloudflared", name), "utf8");
const example = Bun.YAML.parse(read("config.example.yml")) as { tunnel: string; ingress: Rule[] };
const guide = read("README.md");
const rules = example.ingress.slice(0, -1);

test("the example answers 404 to every host that it does not name", () => {
  expect(example.ingress.at(-1)).toEqual({ service: "http_status:404" });
  for (const { hostname } of rules) expect(hostname).toMatch(/^[a-z-]+\.example\.com$/);
});

test("the example leads to the ports that the settings have by default, on this machine alone", () => {
  const { SUMMARY_PORT, SUPERSET_PORT } = readConfig({});
  expect(rules.map(({ service }) => service)).toEqual([
    `http://127.0.0.1:${SUMMARY_PORT}`,
    `http://127.0.0.1:${SUPERSET_PORT}`,
  ]);
});

test("the guide names the hosts and services of the example, and no other host of a domain", () => {
  for (const { hostname, service } of rules) {
    expect(guide).toContain(hostname!);
    expect(guide).toContain(service.replace("http://", ""));
  }
  const named = new Set(guide.match(/[a-z-]+\.example\.com/g));
  expect([...named].sort()).toEqual(rules.map(({ hostname }) => hostname!).sort());
});

test("the example holds no tunnel of anyone", () => {
  expect(example.tunnel).toMatch(/^[0-]+$/);
});

test("the guide names settings and commands that exist", () => {
  const settings = guide.match(/\b[A-Z]+(_[A-Z]+)+\b/g) ?? [];
  const known = [...settingNames, "TUNNEL_TRANSPORT_PROTOCOL", "CLOUDFLARE_API_TOKEN"];
  expect(settings.filter((name) => !known.includes(name))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const commands = [...guide.matchAll(/bun run ([a-z:]+)/g)].map(([, name]) => name!);
  expect(commands.filter((name) => !(name in scripts))).toEqual([]);
});
