/** The names that one session gives: for tools and for prompts, with the gateway's own reserved. */
import { NameBook } from "./name_book.ts";

export interface NameBooks {
  tools: NameBook;
  prompts: NameBook;
  forget(server: string): void;
  /** Each line once. */
  warn(line: string): void;
}

/** Tools of the gateway itself; no server gets these names, whether the tools are on or not. */
const reservedTools = [
  "code-mode",
  "find-tools",
  "mcp-activate-profile",
  "mcp-add",
  "mcp-authorize",
  "mcp-config-set",
  "mcp-create-profile",
  "mcp-exec",
  "mcp-find",
  "mcp-registry-import",
  "mcp-remove",
];

export function makeNameBooks(
  { strictNames, log }: { strictNames: boolean; log(server: string | undefined, line: string): void },
): NameBooks {
  const told = new Set<string>();
  const warn = (line: string) => {
    if (told.has(line)) return;
    told.add(line);
    log(undefined, line);
  };
  const tools = new NameBook({
    reserved: reservedTools,
    strict: strictNames,
    warn: (line) => warn(`Tool ${line}`),
  });
  const prompts = new NameBook({
    reserved: ["mcp-discover"],
    strict: strictNames,
    warn: (line) => warn(`Prompt ${line}`),
  });
  return {
    tools,
    prompts,
    warn,
    forget(server) {
      tools.forget(server);
      prompts.forget(server);
    },
  };
}
