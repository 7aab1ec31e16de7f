/** Becomes the given command, with the environment file that Bun has loaded. */
const [, , command = "", ...words] = process.argv;
const program = Bun.which(command) ?? command;
process.execve!(program, [program, ...words], process.env as Record<string, string>);

export {};
