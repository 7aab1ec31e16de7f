/**
 * Reads a lock of files of the Maven repository: `group:artifact:version sha256 bytes`, one a line.
 * `group:artifact:extension:version` stands for a file with another extension than jar. Pure.
 */

export interface Artifact {
  coordinates: string;
  /** Name of the file in the repository. */
  name: string;
  sha256: string;
  bytes: number;
}

/** @throws SyntaxError naming the first wrong line */
export function parseArtifactLock(text: string): Artifact[] {
  return text
    .split("\n")
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line !== "")
    .map(({ line, number }) => {
      const match = /^([\w.-]+:([\w.-]+)(?::([a-z.]+))?:([\w.-]+)) ([0-9a-f]{64}) (\d+)$/.exec(
        line,
      );
      if (!match) throw new SyntaxError(`Cannot read the lock: line ${number} is ${line}`);
      const [, coordinates, artifact, extension = "jar", version, sha256, bytes] = match;
      return {
        coordinates: coordinates!,
        name: `${artifact}-${version}.${extension}`,
        sha256: sha256!,
        bytes: Number(bytes),
      };
    });
}
