/** Profiles to begin with. */
import { SkiffError } from "../../../core/errors/skiff_error.ts";

export interface ProfileTemplate {
  id: string;
  title: string;
  description: string;
  servers: string[];
}

export const profileTemplates: ProfileTemplate[] = [
  {
    id: "ai-coding",
    title: "AI coding",
    description: "Current documentation of libraries, and a place to think in steps",
    servers: ["context7", "sequentialthinking"],
  },
  {
    id: "dev-workflow",
    title: "Development workflow",
    description: "Code, issues and pull requests on GitHub, tasks and pages at Atlassian",
    servers: ["github-official", "atlassian-remote"],
  },
  {
    id: "terminal-control",
    title: "Terminal control",
    description: "Commands and files of given folders",
    servers: ["desktop-commander", "filesystem"],
  },
];

/** Throws "not_found". */
export function findTemplate(id: string): ProfileTemplate {
  const template = profileTemplates.find((one) => one.id === id);
  if (template) return template;
  throw new SkiffError("not_found", `There is no template "${id}"`, {
    hint: `Templates: ${profileTemplates.map((one) => one.id).join(", ")}.`,
  });
}
