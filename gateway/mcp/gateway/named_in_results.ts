/** What servers of a session named in results of tools: URIs and tasks, whose owner is in no list. */
import type { CallToolResult } from "../sdk.ts";

/** The oldest are forgotten. */
const most = 10_000;

export class NamedInResults {
  readonly #uris = new Map<string, string>();
  readonly #tasks = new Map<string, string>();

  remember(server: string, result: CallToolResult): void {
    const task = (result?.task as { taskId?: unknown } | undefined)?.taskId;
    if (typeof task === "string") keep(this.#tasks, task, server);
    for (const item of Array.isArray(result?.content) ? result.content : []) {
      const uri = item?.type === "resource_link"
        ? item.uri
        : item?.type === "resource"
        ? item.resource?.uri
        : undefined;
      if (typeof uri === "string") keep(this.#uris, uri, server);
    }
  }

  serverOfUri(uri: string): string | undefined {
    return this.#uris.get(uri);
  }

  serverOfTask(task: string): string | undefined {
    return this.#tasks.get(task);
  }
}

function keep(names: Map<string, string>, name: string, server: string): void {
  names.set(name, server);
  if (names.size > most) names.delete(names.keys().next().value!);
}
