/**
 * Order of versions as npm, PyPI and Maven write them: numbers by value, a pre-release before its
 * release, any other word or number behind it. Pure.
 */
const PRE_RELEASE = /^(a|alpha|b|beta|c|cr|rc|m|milestone|dev|ea|pre|preview|snapshot|incubating)$/;
/** Words that say nothing of the order: a release, or what it was built for. */
const PLAIN = /^(final|ga|release|jre|v)$/;

type Part = number | string;

const partsOf = (version: string): Part[] =>
  (
    version
      .toLowerCase()
      .replace(/\+.*$/, "")
      .match(/\d+|[a-z]+/g) ?? []
  )
    .filter((part) => !PLAIN.test(part))
    .map((part) => (/\d/.test(part) ? Number(part) : part));

export const isPreRelease = (version: string): boolean =>
  partsOf(version).some((part) => typeof part === "string" && PRE_RELEASE.test(part));

export const isNewer = (version: string, than: string): boolean => compare(version, than) > 0;

/** The highest release; a pre-release only where there is nothing else. */
export function newestOf(versions: readonly string[]): string | undefined {
  const releases = versions.filter((version) => !isPreRelease(version));
  return [...(releases.length > 0 ? releases : versions)].sort(compare).at(-1);
}

function compare(left: string, right: string): number {
  const [ours, theirs] = [partsOf(left), partsOf(right)];
  for (let index = 0; index < Math.max(ours.length, theirs.length); index++) {
    const [a, b] = [ours[index] ?? 0, theirs[index] ?? 0];
    if (a === b) continue;
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    return String(a) < String(b) ? -1 : 1;
  }
  return 0;
}

/** A pre-release is below the release that has no such part, a later build above it. */
function rank(part: Part): number {
  if (typeof part === "string") return PRE_RELEASE.test(part) ? -1 : 1;
  return part === 0 ? 0 : 2;
}
