/** The machines that the platform is meant for, and what each kind of artefact calls them. */
export interface Platform {
  name: string;
  os: "linux" | "darwin";
  cpu: "x64" | "arm64";
  /** What `uv --python-platform` calls it. */
  python: string;
  /** Whether this folder of a jar holds native code for it. */
  jarFolder: RegExp;
}

/** Of Debian 12, and older than what any supported macOS has. */
export const platforms: Platform[] = [
  {
    name: "linux-x64",
    os: "linux",
    cpu: "x64",
    python: "x86_64-manylinux_2_36",
    jarFolder: /linux[-/](amd64|x86[-_]64)\//i,
  },
  {
    name: "linux-arm64",
    os: "linux",
    cpu: "arm64",
    python: "aarch64-manylinux_2_36",
    jarFolder: /linux[-/]aarch64\//i,
  },
  {
    name: "darwin-arm64",
    os: "darwin",
    cpu: "arm64",
    python: "aarch64-apple-darwin",
    jarFolder: /(darwin|mac|macos)[-/]aarch64\//i,
  },
  {
    name: "darwin-x64",
    os: "darwin",
    cpu: "x64",
    python: "x86_64-apple-darwin",
    jarFolder: /(darwin|mac|macos)[-/](amd64|x86[-_]64)\//i,
  },
];
