/** An MCP server that is a shell script, for images that have nothing else. Its one tool runs scripts in there. */
import type { ServerEntry } from "../../../gateway/mcp/catalog/server_entry.ts";
import type { Client } from "../../../gateway/mcp/sdk.ts";

const answer = (result: string) => `printf '{"jsonrpc":"2.0","id":%s,"result":%s}\\n' "$id" '${result}'`;
const information =
  '{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"shell","version":"1"}}';
const tools = '{"tools":[{"name":"run","inputSchema":{"type":"object"}}]}';

/** Scripts come and their output goes as base64: the shell reads no JSON. */
const program = `
while read -r line; do
  id=$(printf %s "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
  case "$line" in
    *'"initialize"'*) ${answer(information)};;
    *'"tools/list"'*) ${answer(tools)};;
    *'"tools/call"'*)
      out=$(printf %s "$line" | sed -n 's/.*"script":"\\([^"]*\\)".*/\\1/p' | base64 -d | sh 2>&1 | base64 | tr -d '\\n')
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[{"type":"text","text":"%s"}]}}\\n' "$id" "$out";;
  esac
done
`;

/** Without a `$`, which templates of commands would take for a variable of theirs. */
const evaluated = (script: string) => `eval "$(echo ${btoa(script)} | base64 -d)"`;

/** A server of that image, which has `sh`, `sed` and `base64`. */
export function shellServer(name: string, image: string, more: Partial<ServerEntry> = {}): ServerEntry {
  return { name, image, command: ["sh", "-c", evaluated(program)], ...more };
}

/** The command of a container in which it listens on a port for whoever connects. */
export function listeningServer(port: number): string[] {
  const write = `echo ${btoa(program)} | base64 -d > /server.sh`;
  return ["sh", "-c", `${write}; exec nc -ll -p ${port} -e sh /server.sh`];
}

/** One that stays when its stdin has ended. */
export function stubbornServer(name: string, image: string): ServerEntry {
  return {
    name,
    image,
    command: ["sh", "-c", evaluated(`trap '' TERM HUP INT PIPE; ${program}\nsleep 600`)],
  };
}

/** The output of a script in the server, both of its streams. */
export async function runInside(client: Client, script: string, tool = "run"): Promise<string> {
  const encoded = btoa(String.fromCharCode(...new TextEncoder().encode(script)));
  const { content } = await client.callTool({ name: tool, arguments: { script: encoded } });
  return atob((content as { text: string }[])[0].text).trimEnd();
}
