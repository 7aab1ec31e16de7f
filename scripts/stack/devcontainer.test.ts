/** devcontainer.json repeats ports and services: here they are compared with services.ts. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_GROUP, groupOf } from "../host/service.ts";
import { ROOT, readConfig, secretSettings } from "../lib/config.ts";
import { services } from "./services.ts";

interface Devcontainer {
  forwardPorts: number[];
  portsAttributes: Record<string, { label: string; onAutoForward: string }>;
  otherPortsAttributes: { onAutoForward: string };
  secrets: Record<string, { description: string }>;
  onCreateCommand: string;
  updateContentCommand: string;
  features?: unknown;
}

const path = join(ROOT, ".devcontainer/devcontainer.json");
const devcontainer = Bun.JSONC.parse(readFileSync(path, "utf8")) as Devcontainer;
const config = readConfig({});
const codespace = readConfig({
  CODESPACE_NAME: "name",
  GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: "app.github.dev",
});

/** Services that a person opens in a browser; in a codespace they have another address. */
const pages = services
  .filter((service) => groupOf(service) === DEFAULT_GROUP)
  .filter(({ address }) => address(codespace)?.endsWith(".app.github.dev"));

test("devcontainer.json forwards the port of each page, and labels it with its service", () => {
  const expected = pages.map(({ name, ports: [port] }) => [config[port!], name] as const);
  expect(expected.length).toBe(4);
  const labelled = devcontainer.forwardPorts.map((port) => {
    const [, name] = /\((.+)\)$/.exec(devcontainer.portsAttributes[port]!.label)!;
    return [port, name!] as const;
  });
  expect(labelled.toSorted()).toEqual(expected.toSorted());
  expect(Object.keys(devcontainer.portsAttributes).map(Number).toSorted()).toEqual(
    devcontainer.forwardPorts.toSorted(),
  );
});

test("devcontainer.json opens the public page once, and nothing else", () => {
  const opening = Object.entries(devcontainer.portsAttributes)
    .filter(([, { onAutoForward }]) => onAutoForward !== "silent")
    .map(([port, { onAutoForward }]) => [Number(port), onAutoForward] as const);
  expect(opening).toEqual([[config.WORKER_PORT, "openBrowserOnce"]]);
  expect(devcontainer.otherPortsAttributes.onAutoForward).toBe("ignore");
});

test("devcontainer.json leaves nothing secret in a prebuild and takes no published feature", () => {
  expect([devcontainer.onCreateCommand, devcontainer.updateContentCommand]).toEqual([
    "bun run setup",
    "bun run setup",
  ]);
  for (const name of Object.keys(devcontainer.secrets)) expect(secretSettings).toContain(name);
  expect(devcontainer.features).toBeUndefined();
});

test("the address of each service stays on this machine outside of a codespace", () => {
  for (const { name, address } of services) {
    expect([name, address(config)]).toEqual([
      name,
      address(config)?.replace(/\/\/.+?:/, "//127.0.0.1:"),
    ]);
  }
});
