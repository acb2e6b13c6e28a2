/** Why a server does not start is in what it wrote last to stderr. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";
import { excerpt } from "./line_transport.ts";
import type { OpenServerOptions, ServerConnection } from "./server.ts";

/** Opens a server; an error of its start has its last line, as `clean` leaves it. */
export async function withLastWords(
  options: OpenServerOptions,
  clean: (line: string) => string,
  open: (options: OpenServerOptions) => Promise<ServerConnection>,
): Promise<ServerConnection> {
  let last = "";
  const log = (line: string) => {
    last = line;
    options.log(line);
  };
  try {
    return await open({ ...options, log });
  } catch (error) {
    const isPlain = (error as Error).constructor === SkiffError; // others tell more than a message
    const { code, message, hint } = error as SkiffError;
    if (!isPlain || last === "" || message.includes(last)) throw error;
    throw new SkiffError(code, `${message}; it wrote: ${clean(excerpt(last, 300))}`, { hint, cause: error });
  }
}
