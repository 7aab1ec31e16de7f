/** Finds a Python that can make the environments of the programs written in it. */
const MINOR_MIN = 11;
/** For a newer Python, some packages of Superset exist as source only, which needs a compiler. */
const MINOR_MAX = 13;
const CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11"];

export type FoundPython = { path: string; version: string } | { missing: string; mend: string };

/**
 * The path of a Python for the environment of something.
 * @throws Error that says what is missing and how to get it
 */
export function pythonFor(title: string): string {
  const python = findPython();
  if ("path" in python) return python.path;
  throw new Error(`Cannot install ${title}: ${python.missing}; ${python.mend}`);
}

/**
 * A Python of a supported version that can make environments, or what is missing and how to get it.
 */
export function findPython(): FoundPython {
  const versions: string[] = [];
  let incomplete: string | undefined;
  for (const name of CANDIDATES) {
    const path = Bun.which(name);
    if (!path) continue;
    const asked = Bun.spawnSync([
      path,
      "-c",
      "import sys; print(sys.version.split()[0]); import venv, ensurepip",
    ]);
    const version = asked.stdout.toString().trim();
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major !== 3 || minor < MINOR_MIN || minor > MINOR_MAX) {
      versions.push(version || name);
      continue;
    }
    if (asked.exitCode === 0) return { path, version };
    incomplete ??= version;
  }
  if (incomplete) {
    return {
      missing: `Python ${incomplete} cannot make environments, its venv module is incomplete`,
      mend: "on Debian run `apt-get install python3-venv`",
    };
  }
  if (versions.length > 0) {
    return {
      missing: `Python has to be 3.${MINOR_MIN} to 3.${MINOR_MAX}, and here is only ${versions.join(", ")}`,
      mend: `bring python3.${MINOR_MAX} beside it, by your system's packages, pyenv or uv`,
    };
  }
  return {
    missing: `there is no Python 3.${MINOR_MIN} to 3.${MINOR_MAX}`,
    mend: "on Debian run `apt-get install python3 python3-venv`",
  };
}
