/** `skiff mcp` as it is typed. */
import { mcpCommand } from "../../../cmd/mcp/group.ts";
import type { TestHome } from "../../gateway/mcp/home.ts";
import { type Said, typed } from "../../support/typed_command.ts";

/** Runs `skiff mcp WORDS…` in a home; stdin is a terminal, stdout none. */
export function typing({ env }: Pick<TestHome, "env">): (...words: string[]) => Promise<Said> {
  return (...words) => typed("skiff mcp", mcpCommand, words, { env, stdinIsTerminal: true });
}
