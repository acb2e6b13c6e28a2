/**
 * Tools as they were when their server was first listed. One that is described otherwise later ("rug pull") is
 * told with what has changed, and kept from clients where the user wants that, until it is approved anew.
 */
import { asTyped } from "../../../core/process/called_as.ts";
import type { EnabledServer } from "../configuration/enabled_server.ts";
import { KeptFile } from "../files/kept_file.ts";
import type { Guard } from "../gateway/guard.ts";
import type { CallMiddleware } from "../gateway/middleware.ts";
import { ErrorCode, McpError, type Tool } from "../sdk.ts";
import { hiddenText } from "./hidden_text.ts";
import { editPins, parsePins, type Pin, type Pins } from "./pin_file.ts";
import { definitionOf, differences, isSame } from "./tool_definition.ts";

export interface ToolPinSettings {
  path: string;
  env: { get(name: string): string | undefined };
  /** Whether tools are refused that have changed, or hide text; else that is only told. */
  refuses(): { changed: boolean; hidden: boolean };
  log(line: string): void;
}

export class ToolPins {
  readonly #settings: ToolPinSettings;
  readonly #file: KeptFile<Pins>;
  readonly #told = new Set<string>();
  /** server -> tools as they were seen, not written yet. */
  #seen = new Map<string, Map<string, Tool>>();
  #writing?: Promise<void>;

  constructor(settings: ToolPinSettings) {
    this.#settings = settings;
    this.#file = new KeptFile(settings.path, (text) => parsePins(text, settings.path));
  }

  /** For lists: what is new is pinned, what has changed or hides text is told. */
  guard(): Guard {
    return {
      listed: (server, { tools, prompts, resources, templates }) => [
        ...this.#compared(server, tools),
        ...this.#hidden(server, "tool", tools),
        ...this.#hidden(server, "prompt", prompts),
        ...this.#hidden(server, "resource", [...resources, ...templates]),
      ],
      refusal: (server, { tool }) => tool && this.#refusal(server, tool.name, tool),
      version: () => this.#file.refresh(),
      written: async () => await this.#writing,
    };
  }

  /** For calls, whatever the client's list said. */
  atCalls(): CallMiddleware {
    return async (call, next) => {
      const refused = call.server && this.#refusal(call.server, call.tool, call.definition);
      if (refused === undefined) return await next(call);
      this.#settings.log(`! Refused a call of ${call.name}: ${refused}`);
      throw new McpError(ErrorCode.InvalidRequest, `the tool ${call.name} is refused: ${refused}`);
    };
  }

  #refusal({ entry }: EnabledServer, name: string, tool: Tool): string | undefined {
    const refuses = this.#settings.refuses();
    if (refuses.changed) {
      const pins = this.#pins();
      if (pins === undefined) return "it cannot be known what was approved";
      const pin = pins.get(entry.name)?.get(name);
      if (pin && !isSame(pin.approved, tool)) {
        const command = asTyped(`skiff mcp tools approve ${entry.name}`);
        return `it has changed since it was approved; see and approve it: ${command}`;
      }
    }
    const hidden = refuses.hidden ? hiddenText(definitionOf(tool)) : undefined;
    return hidden && `its description hides text (${hidden})`;
  }

  #compared({ entry }: EnabledServer, tools: Tool[]): string[] {
    this.#file.refresh();
    const pins = this.#pins();
    if (pins === undefined) return [];
    const texts: string[] = [];
    const known = pins.get(entry.name);
    const edits = new Map<string, Tool>();
    for (const tool of tools) {
      const pin = known?.get(tool.name);
      if (!pin || !isSame(pin.changed ?? pin.approved, tool)) edits.set(tool.name, tool);
      if (!pin || isSame(pin.approved, tool)) continue;
      const changes = differences(pin.approved, definitionOf(tool)).map((line) => `\n    ${line}`).join("");
      const text = `The tool ${tool.name} of ${entry.name} has changed since it was approved:${changes}`;
      if (this.#once(text)) texts.push(text);
    }
    if (edits.size > 0) this.#pin(entry.name, edits);
    return texts;
  }

  /** Lists do not wait for the file; what other servers say meanwhile is written at once after that. */
  #pin(server: string, tools: Map<string, Tool>): void {
    this.#seen.set(server, new Map([...this.#seen.get(server) ?? [], ...tools]));
    this.#writing ??= this.#write().finally(() => this.#writing = undefined);
  }

  async #write(): Promise<void> {
    const { path, env, log } = this.#settings;
    while (this.#seen.size > 0) {
      const seen = this.#seen;
      this.#seen = new Map();
      await editPins(path, env, (pins) => {
        for (const [server, tools] of seen) pins.set(server, pinned(pins.get(server), tools));
      }).catch((error) => log(`! Tools cannot be kept as they were approved: ${error.message}`));
    }
  }

  #hidden({ entry }: EnabledServer, kind: string, items: { name: string }[]): string[] {
    return items.flatMap((item) => {
      const hidden = hiddenText(item);
      const text = `The ${kind} ${JSON.stringify(item.name)} of ${entry.name} hides text: ${hidden}`;
      return hidden !== undefined && this.#once(text) ? [text] : [];
    });
  }

  /** Undefined while the file is damaged; that is told once. */
  #pins(): Pins | undefined {
    try {
      return this.#file.value;
    } catch (error) {
      const { message, hint } = error as Error & { hint?: string };
      const text = `! ${message}. ${hint ?? ""}`;
      if (this.#once(text)) this.#settings.log(text);
      return undefined;
    }
  }

  #once(text: string): boolean {
    const isNew = !this.#told.has(text);
    this.#told.add(text);
    return isNew;
  }
}

function pinned(before: Map<string, Pin> | undefined, tools: Map<string, Tool>): Map<string, Pin> {
  const own = new Map(before);
  for (const [name, tool] of tools) {
    const definition = definitionOf(tool);
    const approved = own.get(name)?.approved ?? definition;
    own.set(name, isSame(approved, definition) ? { approved } : { approved, changed: definition });
  }
  return own;
}
