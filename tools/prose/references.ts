/**
 * Checks what documents refer to: files, headings, and commands with their flags. What exists
 * is asked through functions, so that a test needs no files.
 */
import { dirname, join, normalize } from "node:path/posix";
import { anchorsOf } from "./markdown.ts";

export interface Finding {
  line: number;
  rule: string;
  detail: string;
}

export interface Checkout {
  /** Whether a file or folder is part of the checkout. */
  has(path: string): boolean;
  read(path: string): string;
  /** Names in the scripts of package.json. */
  scripts: ReadonlySet<string>;
  /** Source text of a verb, in which its flags are named; undefined when it is not one of ours. */
  sourceOf(script: string): string | undefined;
}

const LINK = /\]\(([^()\s]+)(?:\s+"[^"]*")?\)|<(?:img|a)[^>]*\b(?:src|href)="([^"]+)"/g;
const PATH_IN_CODE = /`((?:[\w.@-]+\/)+[\w.@-]+\.(?:tsx?|md|sql|ya?ml|py|json|conf|properties))`/g;
const COMMAND =
  /\bbun run ([a-z][\w:.-]*)((?: +(?:--?[a-z][\w-]*(?:[ =][^\s`'")|;&]+)?|[A-Za-z0-9_./:-]+))*)/g;

/** Dead links, headings and files of a Markdown document. */
export function linkFaults(path: string, source: string, checkout: Checkout): Finding[] {
  const findings: Finding[] = [];
  source.split("\n").forEach((text, index) => {
    const add = (rule: string, detail: string) => findings.push({ line: index + 1, rule, detail });
    for (const match of text.matchAll(LINK)) {
      const target = (match[1] ?? match[2]) as string;
      if (/^[a-z]+:|^\/\//.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const found = file === "" ? path : normalize(join(dirname(path), file)).replace(/\/$/, "");
      // GitHub resolves a link above the root of the checkout, such as that to Codespaces.
      if (found.startsWith("../")) continue;
      if (!checkout.has(found)) add("dead link", `${target}: there is no ${found}`);
      else if (anchor && found.endsWith(".md") && !anchorsOf(checkout.read(found)).has(anchor)) {
        add("dead link", `${target}: ${found} has no such heading`);
      }
    }
    for (const [, file] of text.matchAll(PATH_IN_CODE)) {
      const name = file as string;
      const isPattern = /\b[A-Z]{3,}\b/.test(name.replace(/README|CONTRIBUTING|RESULTS/g, ""));
      const places = [normalize(name), normalize(join(dirname(path), name))];
      if (
        !isPattern &&
        !name.startsWith("node_modules/") &&
        !places.some((place) => checkout.has(place))
      ) {
        add("dead path", `${name}: there is no such file`);
      }
    }
  });
  return findings;
}

/** Commands in any text that package.json does not have, or whose verb does not name the flag. */
export function commandFaults(source: string, checkout: Checkout): Finding[] {
  if (!source.includes("bun run ")) return [];
  return source.split("\n").flatMap((text, index) =>
    [...text.matchAll(COMMAND)].flatMap(([, name = "", rest = ""]) => {
      const line = index + 1;
      const script = name.replace(/[.:]+$/, "");
      if (!checkout.scripts.has(script)) {
        if (checkout.has(script)) return [];
        return [
          { line, rule: "unknown command", detail: `bun run ${script}: not in package.json` },
        ];
      }
      const verb = checkout.sourceOf(script);
      if (verb === undefined) return [];
      return [...rest.matchAll(/(?<=\s)--([a-z][\w-]*)/g)]
        .filter(([, flag = ""]) => !(flag === "help" || new RegExp(`\\b${flag}\\b`).test(verb)))
        .map(([flag]) => ({
          line,
          rule: "unknown flag",
          detail: `bun run ${script} has no ${flag}`,
        }));
    }),
  );
}
