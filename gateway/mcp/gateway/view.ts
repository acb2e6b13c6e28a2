/** All that a session's client sees, and who answers for each name: a value made of the servers' inventories. */
import type { EnabledServer } from "../configuration/enabled_server.ts";
import type { ListedItem } from "./guard.ts";
import { type Prompt, type Resource, type ResourceTemplate, type Tool, UriTemplate } from "../sdk.ts";
import type { OwnPrompt, OwnTool } from "./gateway_session.ts";
import type { Inventory } from "./inventory.ts";
import type { NameBook } from "./name_book.ts";

/** A server of the session, with what is known of it. */
export interface ViewServer {
  server: EnabledServer;
  inventory: Inventory;
  /** Whether tools/list shows its tools. */
  listed: boolean;
}

export interface ToolRoute {
  definition: Tool;
  server?: EnabledServer;
  /** Its server's name for it. */
  tool: string;
  own?: OwnTool;
  listed: boolean;
  /** Why a guard keeps it out of the client's list. */
  refused?: string;
}

export interface PromptRoute {
  definition: Prompt;
  server?: EnabledServer;
  prompt: string;
  own?: OwnPrompt;
  refused?: string;
}

export interface View {
  tools: Map<string, ToolRoute>;
  prompts: Map<string, PromptRoute>;
  resources: Map<string, { resource: Resource; server: EnabledServer }>;
  templates: Map<
    string,
    { template: ResourceTemplate; server: EnabledServer; matches(uri: string): boolean }
  >;
}

export interface ViewOptions {
  servers: ViewServer[];
  ownTools: OwnTool[];
  ownPrompts: OwnPrompt[];
  toolNames: NameBook;
  promptNames: NameBook;
  /** Put the server's name before the names of all its tools. */
  prefixAll: boolean;
  /** Whether a tool is on; its server's name for it. */
  isOn(server: EnabledServer, tool: string): boolean;
  /** Why an item is kept from the client; undefined: it is not. */
  refusal(server: EnabledServer, item: ListedItem): string | undefined;
  warn(line: string): void;
}

/** In the order of the servers: of two with the same resource, the first has it. */
export function makeView(options: ViewOptions): View {
  const view: View = { tools: new Map(), prompts: new Map(), resources: new Map(), templates: new Map() };
  for (const own of options.ownTools) {
    const { definition, listed = true } = own;
    view.tools.set(definition.name, { definition, tool: definition.name, own, listed });
  }
  for (const own of options.ownPrompts) {
    view.prompts.set(own.definition.name, { definition: own.definition, prompt: own.definition.name, own });
  }
  for (const one of options.servers) {
    addTools(view, one, options);
    addPrompts(view, one, options);
    addResources(view, one, options);
  }
  return view;
}

function addTools(view: View, { server, inventory, listed }: ViewServer, options: ViewOptions): void {
  const { name, prefix = options.prefixAll ? name : undefined } = server.entry;
  for (const definition of inventory.tools) {
    if (!options.isOn(server, definition.name)) continue;
    const publicName = options.toolNames.nameOf({ server: name, prefix }, definition.name);
    if (publicName === undefined) continue;
    const renamed = publicName === definition.name ? definition : { ...definition, name: publicName };
    const refused = options.refusal(server, { tool: definition });
    view.tools.set(publicName, { definition: renamed, server, tool: definition.name, listed, refused });
  }
}

function addPrompts(view: View, { server, inventory }: ViewServer, options: ViewOptions): void {
  for (const definition of inventory.prompts) {
    const publicName = options.promptNames.nameOf({ server: server.entry.name }, definition.name);
    if (publicName === undefined) continue;
    const renamed = publicName === definition.name ? definition : { ...definition, name: publicName };
    const refused = options.refusal(server, { prompt: definition });
    view.prompts.set(publicName, { definition: renamed, server, prompt: definition.name, refused });
  }
}

function addResources(view: View, { server, inventory }: ViewServer, { warn }: ViewOptions): void {
  const hidden = (what: string, first: EnabledServer) =>
    warn(`${what} of ${server.entry.name} is hidden: ${first.entry.name} has the same`);
  for (const resource of inventory.resources) {
    const first = view.resources.get(resource.uri);
    if (first) hidden(resource.uri, first.server);
    else view.resources.set(resource.uri, { resource, server });
  }
  for (const template of inventory.templates) {
    const first = view.templates.get(template.uriTemplate);
    if (first) hidden(template.uriTemplate, first.server);
    else {view.templates.set(template.uriTemplate, {
        template,
        server,
        matches: matcher(template.uriTemplate),
      });}
  }
}

function matcher(text: string): (uri: string) => boolean {
  try {
    const template = new UriTemplate(text);
    return (uri) => template.match(uri) !== null;
  } catch {
    return () => false; // a server's slip; it can still be named by completion
  }
}
