/**
 * Checks of the files that start, build and operate the platform. Their kind is found from path and
 * content, so a new file is checked automatically, and an absent kind has no check.
 */
import type { Config } from "../../scripts/lib/config.ts";
import { LINT } from "../lint.ts";
import { type FileKind, filesOfEachKind } from "./file-kinds.ts";
import { type Step, tool } from "./step.ts";

export function operatingFileChecks(config: Config): Step[] {
  const files = filesOfEachKind();
  const lint = (name: string) => LINT.program(config, name);
  const schema = (name: string) => [lint("check-jsonschema"), "--builtin-schema", `vendor.${name}`];
  const check = (name: string, kind: FileKind, command: string[]): Step[] =>
    files[kind].length > 0 ? [{ name, command: [...command, ...files[kind]], needs: [LINT] }] : [];
  return [
    ...check("shell scripts", "shell", [lint("shellcheck"), "--external-sources"]),
    ...check("YAML", "yaml", [lint("yamllint"), "--strict"]),
    ...check("Dockerfiles", "dockerfile", [lint("hadolint")]),
    ...check("schema of workflows", "workflow", schema("github-workflows")),
    ...check("meaning of workflows", "workflow", tool("test/lint-workflows.ts")),
    ...check("safety of workflows", "workflow", [
      ...[lint("zizmor"), "--offline", "--quiet", "--no-progress", "--persona=pedantic"],
    ]),
    ...check("schema of compose files", "compose", schema("compose-spec")),
    {
      name: "schema of renovate.json",
      command: [...schema("renovate"), "renovate.json"],
      needs: [LINT],
    },
  ];
}
