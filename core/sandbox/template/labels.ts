/** Labels of the images that skiff builds and saves; every look-up goes by them. */

export interface TemplateFacts {
  /** The agent's word. */
  agent: string;
  /** Of the agent's program; empty for the plain shell. */
  version: string;
  /** Reference of the image below. */
  base: string;
  /** Recipe digest; absent for a saved sandbox. */
  digest?: string;
}

export const templateLabel = "skiff.template";
export const recipeLabel = "skiff.template.recipe";
const names = {
  agent: "skiff.template.agent",
  version: "skiff.template.version",
  base: "skiff.template.base",
} as const;

export function templateLabels({ agent, version, base, digest }: TemplateFacts): Record<string, string> {
  return {
    [templateLabel]: digest === undefined ? "saved" : "built",
    [names.agent]: agent,
    [names.version]: version,
    [names.base]: base,
    [recipeLabel]: digest ?? "",
  };
}

/** What the labels say; undefined for an image that is no template of skiff's. */
export function readTemplateLabels(
  labels: Record<string, string> | null | undefined,
): TemplateFacts | undefined {
  if (!labels || labels[templateLabel] === undefined) return undefined;
  return {
    agent: labels[names.agent] ?? "",
    version: labels[names.version] ?? "",
    base: labels[names.base] ?? "",
    digest: labels[recipeLabel] || undefined,
  };
}
