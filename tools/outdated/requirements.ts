/** Reads what a person wrote into `requirements.in` and `requirements.override`. Pure. */

export interface Requirement {
  name: string;
  /** The version, where the line names one; otherwise the lock does. */
  pinned?: string;
  /** The comment above, where the line keeps a package below what exists. */
  held?: string;
}

/** A comment speaks for the lines below it, until the next comment or an empty line. */
export function parseRequirements(text: string, isOverride = false): Requirement[] {
  const requirements: Requirement[] = [];
  let comment: string | undefined;
  for (const line of text.split("\n")) {
    if (line === "") comment = undefined;
    else if (line.startsWith("#")) comment = line.replace(/^#\s*/, "");
    const match = /^([\w.-]+)(?:\[[\w,-]+\])?(==|<)([\w.]+)$/.exec(line);
    if (!match) continue;
    const [, name, operator, version] = match;
    const isHeld = operator === "<" || isOverride || comment !== undefined;
    requirements.push({
      name: name!,
      ...(operator === "==" && { pinned: version! }),
      ...(isHeld && { held: comment ?? "an upper bound without a reason" }),
    });
  }
  return requirements;
}

/** Version of each package that a lock names. */
export const lockedVersions = (text: string): Map<string, string> =>
  new Map(
    [...text.matchAll(/^([\w.-]+)==([\w.]+)/gm)].map(([, name, version]) => [name!, version!]),
  );
