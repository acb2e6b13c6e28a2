/** What one server offers, as it said itself. */
import type { Implementation, Prompt, Resource, ResourceTemplate, ServerCapabilities, Tool } from "../sdk.ts";

export interface Inventory {
  server?: Implementation;
  capabilities: ServerCapabilities;
  instructions?: string;
  tools: Tool[];
  prompts: Prompt[];
  resources: Resource[];
  templates: ResourceTemplate[];
}
