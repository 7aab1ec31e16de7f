/** A size for people. */
export const megabytes = (bytes: number) => `${Math.round(bytes / 1_000_000)} MB`;
