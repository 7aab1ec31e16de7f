/**
 * Compares the files whose header says "Pure" with those that the pure walls of biome.json cover,
 * since a promise without a check is soon broken. Pure.
 */

interface Override {
  includes: string[];
  linter: object;
}

/** The message of every pure wall. */
const MESSAGE = "This file is pure";
const HEADER = /^(?:#!.*\n)?(?:import [^;]*;\s*)*\/\*\*(.*?)\*\//s;

/** Whether the comment at the top of a source file says that the file is pure. */
export const saysPure = (text: string) => /\bPure\b/.test(HEADER.exec(text)?.[1] ?? "");

/**
 * Returns a sentence for each fault. `files` holds the texts of all source files by path.
 * @param matches whether a path fits a glob
 */
export function pureWallFaults(
  files: ReadonlyMap<string, string>,
  overrides: readonly Override[],
  matches: (glob: string, path: string) => boolean,
): string[] {
  const walls = overrides.filter(({ linter }) => JSON.stringify(linter).includes(MESSAGE));
  const covers = ({ includes }: Override, path: string) =>
    includes.some((glob) => !glob.startsWith("!") && matches(glob, path)) &&
    !includes.some((glob) => glob.startsWith("!") && matches(glob.slice(1), path));
  const named = walls.flatMap(({ includes }) => includes.filter((glob) => !/[*{!]/.test(glob)));
  const uncovered = [...files].filter(
    ([path, text]) => saysPure(text) && !walls.some((wall) => covers(wall, path)),
  );
  return [
    ...uncovered.map(
      ([path]) => `${path} says "Pure" and is on no pure wall: add it to the list in biome.json`,
    ),
    ...named
      .filter((path) => !saysPure(files.get(path) ?? ""))
      .map((path) =>
        files.has(path)
          ? `${path} is on the pure wall: say "Pure" in its header, or take it off biome.json`
          : `${path} is on the pure wall and does not exist: take it off biome.json`,
      ),
  ];
}
