/** Reads a lock of jars: `group:artifact:version sha256 bytes`, one a line. Pure. */

export interface Jar {
  coordinates: string;
  /** Name of the file, as the repository has it. */
  name: string;
  sha256: string;
  bytes: number;
}

/** @throws SyntaxError naming the first line that is no jar */
export function parseJarLock(text: string): Jar[] {
  return text
    .split("\n")
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => {
      const match = /^([\w.-]+:([\w.-]+):([\w.-]+)) ([0-9a-f]{64}) (\d+)$/.exec(line);
      if (!match) throw new SyntaxError(`Cannot read the jar lock: line ${number} is ${line}`);
      const [, coordinates, artifact, version, sha256, bytes] = match;
      return {
        coordinates: coordinates!,
        name: `${artifact}-${version}.jar`,
        sha256: sha256!,
        bytes: Number(bytes),
      };
    });
}
