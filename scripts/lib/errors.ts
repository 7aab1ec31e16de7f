/**
 * The errors that callers tell apart. Each message is for a person: "Cannot <verb>: <reason>; <what
 * mends it>". Programs end with the status of `exitStatusOf` (see command.ts).
 */

/** The command line is wrong; the message says which part and what would be right. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A setting is missing or wrong; the message names each one. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Going on would count wrongly, and only a person can say what is right. */
export class NeedsPersonError extends Error {
  override name = "NeedsPersonError";
}

/** Status with which a program ends after an error: 2 for usage and settings, else 1. */
export const exitStatusOf = (error: unknown): 1 | 2 =>
  error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
