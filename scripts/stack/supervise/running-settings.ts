/**
 * The settings and the code with which the running stack was started. They are in STATE_DIR,
 * readable by the owner only. `status` and `down` see the stack as it is, and `up` sees what has
 * changed.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { asEnvironment } from "../../host/environment.ts";
import { runFile } from "../../host/folders.ts";
import { type Config, readConfig } from "../../lib/config.ts";
import { services } from "../services.ts";
import { codeVersion } from "./code-version.ts";

/** Settings that only `up` itself reads; no program restarts for them. */
const READ_BY_UP_ONLY = ["MAVEN_REPOSITORY_URL"];

const path = (config: Config) => runFile(config, "settings.json");
const codePath = (config: Config) => runFile(config, "code");

export function recordSettings(config: Config): void {
  writeFileSync(path(config), JSON.stringify(asEnvironment(config)), { mode: 0o600 });
  writeFileSync(codePath(config), codeVersion(services));
}

export function forgetSettings(config: Config): void {
  for (const file of [path(config), codePath(config)]) rmSync(file, { force: true });
}

/** The settings of the running stack, or the given ones when none were recorded. */
export function runningSettings(config: Config): Config {
  return existsSync(path(config)) ? readConfig(recorded(config)) : config;
}

/** Names of the settings that differ from those of the running stack. */
export function changedSettings(config: Config): string[] {
  const [before, now] = [recorded(config), asEnvironment(config)];
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(
    (name) => before[name] !== now[name] && !READ_BY_UP_ONLY.includes(name),
  );
}

/** Whether this checkout differs from the running programs. */
export function hasCodeChanged(config: Config): boolean {
  const before = existsSync(codePath(config)) && readFileSync(codePath(config), "utf8");
  return before !== codeVersion(services);
}

function recorded(config: Config): Record<string, string> {
  return existsSync(path(config)) ? JSON.parse(readFileSync(path(config), "utf8")) : {};
}
