/** Finds the Python that makes the environments of all programs written in it. */
const VERSION_MIN = [3, 11] as const;
const CANDIDATES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

export type FoundPython = { path: string; version: string } | { missing: string; mend: string };

/** A Python that is new enough and can make environments, or what is missing and what mends it. */
export function findPython(): FoundPython {
  const versions: string[] = [];
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
    if (major !== VERSION_MIN[0] || minor < VERSION_MIN[1]) {
      versions.push(version || name);
      continue;
    }
    if (asked.exitCode === 0) return { path, version };
    return {
      missing: `Python ${version} cannot make environments, its venv module is incomplete`,
      mend: "on Debian run `apt-get install python3-venv`",
    };
  }
  const found = versions.length > 0 ? `, only ${versions.join(", ")}` : "";
  return {
    missing: `there is no Python ${VERSION_MIN.join(".")} or newer${found}`,
    mend: "on Debian run `apt-get install python3 python3-venv`",
  };
}
